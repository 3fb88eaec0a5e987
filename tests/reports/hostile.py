"""Names that try to be something else than names, and systems that carry them."""

from looprisk.results import Certificate, Clearing, LayerLoss, Shock, ShockMove, WaterfallRow
from looprisk.results.records import At, BreakPoint, EquityRow
from looprisk.results.travel import Circle, Stop, Tie, Travel

NAMES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "</svg><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</text><a href='javascript:alert(1)'>x</a>",
    "<a xlink:href=javascript:alert(1)>x</a>",
    "<foreignObject><body onload=alert(1)></foreignObject>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<style>*{display:none}</style>",
    "<use href=data:image/svg+xml,x>",
    "<animate onbegin=alert(1)>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    "&lt;b&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&quot; onload=&quot;alert(1)",
    "&amp;amp;",
    "]]><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<!-- x --><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "<?xml-stylesheet href='x'?>",
    "<!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
    "url(javascript:alert(1))",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    '=HYPERLINK("http://x","y")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "[click](javascript:alert(1))",
    "![x](http://x/y.png)",
    "a|b|c",
    "`code`",
    "@everyone",
    "#123",
    "**bold**",
    "[/red]",
    "[link=http://x]x[/link]",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://x\x07x\x1b]8;;\x07",
    "::error::boo",
    "##[error]boo",
    "name\n::set-output name=x::y",
    "line one\nline two",
    "carriage\rreturn",
    "nul\x00byte",
    "bell\x07",
    "right\u202eto left",
    "zero\u200bwidth",
    "\ufeffbyte order mark",
    "US\u0405C",
    "\u0421\u0430\u043f\u0441",
    "超級安全穩定幣",
    "مستقر",
    "🚀🚀🚀",
    "e" + "\u0301" * 40,
    "",
    "   ",
    "a" * 60,
    "wrapped-restaked-" * 12,
    "{{7*7}}",
    "${7*7}",
    "{% raw %}",
    "%s%n%x",
    "../../etc/passwd",
    "$M",
    "__proto__",
    "constructor",
    "<SCRIPT SRC=//x>",
    "＜script＞alert(1)＜/script＞",
)
"""At least 60, each as somebody could name a token."""


def clearing(names=NAMES) -> Clearing:
    """Return a clearing whose every name is one of ``names``."""
    count = len(names)
    shock = Shock(
        moves=(ShockMove(verb="loss", target=names[0], size=float(count), unit="usd"),),
        path=names[0],
        unit="usd",
        as_written=float(count),
        searched_to=2.0 * count,
        loss_usd=float(count),
    )
    rows = tuple(
        LayerLoss(
            layer=1 + at % 5,
            id=f"{at} {name}",
            label=name,
            kind="share",
            claims_usd=10.0 + at,
            book_usd=10.0 + at,
            economic_usd=9.0 + at,
            economic_loss_usd=1.0,
            reported_loss_usd=0.25 if at % 2 else 0.0,
            loss_fraction=1 / (10.0 + at),
            first_break=float(at),
            broken=at <= count,
        )
        for at, name in enumerate(names)
    )
    points = tuple(
        BreakPoint(
            of=f"{at} {name}",
            event="impaired",
            intervals=((at / count, 2.0),),
            fraction=at / count,
            at=At(path=names[0], value=float(at), unit="usd"),
            because=name,
        )
        for at, name in enumerate(names[:30])
    )
    return Clearing(
        scenario=names[-1],
        inputs_digest="sha256:" + "0" * 64,
        shock=shock,
        certificate=Certificate(residual=0.0, conservation_gap=0.0),
        layer_rows=rows,
        waterfall_rows=tuple(
            WaterfallRow(claimant=name, via=name, loss_usd=1.0, of_claim=0.1) for name in names
        ),
        break_point_rows=points,
        equity_rows=(EquityRow(id="equity", label=names[1 % count], start_usd=5.0, loss_usd=2.0),),
    )


def travel(names=NAMES) -> Travel:
    """Return a network whose every name is one of ``names``."""
    stops = tuple(
        Stop(
            id=f"{at} {name}",
            label=name,
            kind="issuer",
            layer=at // 12,
            before_usd=100.0 + at,
            after_usd=90.0 + at / 2,
            loop=1 if 24 <= at < 28 else None,
        )
        for at, name in enumerate(names)
    )
    ties = tuple(
        Tie(source=stops[at].id, target=stops[at + 12].id, before_usd=10.0, after_usd=9.0)
        for at in range(len(stops) - 12)
    )
    ring = tuple(stop.id for stop in stops if stop.loop)
    circle = Circle(number=1, members=ring, first=names[5], gain=0.5)
    return Travel(
        scenario=names[-2], shock=clearing(names).shock, stops=stops, ties=ties, circles=(circle,)
    )
