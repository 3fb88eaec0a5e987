"""One theme for every picture and page: six meanings, a light and a dark palette, one style.

Colour is never alone: what is told by a colour is told by a shape, a pattern or a word as well.
The two palettes keep text at 4.5:1 and every two meanings apart for all kinds of colour sight.
"""

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "paper": "#FFFFFF",
    "ink": "#1A1F27",
    "muted": "#56606E",
    "grid": "#E3E6EA",
    "rule": "#76808D",
    "claim": "#DDE2E8",
    "value": "#2F6DB5",
    "equity": "#12315A",
    "loss": "#B3261E",
    "book": "#56606E",
    "market": "#BC8500",
    "h1": "#FBE3DF",
    "h2": "#F3BDB5",
    "h3": "#E08C82",
    "h4": "#BF4A3F",
    "h5": "#B3261E",
    "h6": "#7F130D",
}
DARK: Mapping[str, str] = {
    "paper": "#14181E",
    "ink": "#E8EAED",
    "muted": "#A7B0BC",
    "grid": "#2B323B",
    "rule": "#7E8997",
    "claim": "#353E49",
    "value": "#6FA8DC",
    "equity": "#CFE3F7",
    "loss": "#FF7F5C",
    "book": "#A7B0BC",
    "market": "#FFD23F",
    "h1": "#3A211C",
    "h2": "#5E2E24",
    "h3": "#8E4330",
    "h4": "#D06C48",
    "h5": "#FF7F5C",
    "h6": "#FFC0AC",
}
HEAT = ((0.0, "paper"), (0.01, "h1"), (0.05, "h2"), (0.10, "h3"), (0.20, "h4"), (0.35, "h5"))
"""Upper ends of the classes of a heat map, with their colour; above the last it is ``h6``."""
FONT = "'Helvetica Neue',Arial,'Liberation Sans',sans-serif"


def variables(scope: str) -> str:
    """Return the two palettes as custom properties of ``scope``; paper is always light."""
    light, dark = (
        ";".join(f"--{name}:{value}" for name, value in palette.items())
        for palette in (LIGHT, DARK)
    )
    return (
        f"{scope}{{{light}}}"
        f"@media (prefers-color-scheme:dark){{{scope}{{{dark}}}}}"
        f"@media print{{{scope}{{{light}}}}}"
    )


def marks() -> str:
    """Return the style of what stands inside a picture: text classes, fills ``f-`` strokes ``k-``.

    An outline sets no fill and a fill no stroke, so that both can stand on one element.
    """
    rules = [
        f"svg.lr{{font-family:{FONT};font-size:12px;font-variant-numeric:tabular-nums}}",
        "svg.lr{background:var(--paper)}",
        "svg.lr text{fill:var(--ink)}",
        "svg.lr .h{font-size:17px;font-weight:700}",
        "svg.lr .u{font-size:13px;fill:var(--muted)}",
        "svg.lr .b{font-weight:700}",
        "svg.lr .s{font-size:11px}",
        "svg.lr .m{fill:var(--muted)}",
        "svg.lr .on{fill:var(--paper)}",
        "svg.lr .tl{fill:var(--loss)}",
        "svg.lr .r{text-anchor:end}",
        "svg.lr .c{text-anchor:middle}",
        "svg.lr .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px}",
        "svg.lr .hid{display:none}",
        "svg.lr .tint{fill:var(--loss);opacity:.13}",
        "svg.lr .hatch{fill:url(#lr-hatch)}",
    ]
    for name in LIGHT:
        rules.append(f"svg.lr .f-{name}{{fill:var(--{name})}}")
        rules.append(f"svg.lr .k-{name}{{stroke:var(--{name});fill:none}}")
    return "".join(rules)


SVG_STYLE = variables("svg.lr") + marks()
"""The style of a picture that stands alone."""
