"""The style of a page: type, tables, scroll regions, narrow screens, paper."""

from looprisk.reports.theme import FONT, marks, variables

_RULES = f"""
*{{box-sizing:border-box}}
html{{background:var(--paper);color:var(--ink);font:16px/1.5 {FONT}}}
body{{margin:0 auto;max-width:808px;padding:24px}}
h1{{font-size:29px;line-height:1.2;margin:4px 0 10px;overflow-wrap:break-word}}
h2{{font-size:20px;margin:44px 0 12px;padding-top:10px;border-top:2px solid var(--ink)}}
h3{{font-size:16px;margin:28px 0 4px}}
.kick{{font-size:13px;color:var(--muted);margin:0;overflow-wrap:anywhere}}
.lede{{font-size:18px;margin:0 0 18px;max-width:64ch}}
.ans{{display:grid;grid-template-columns:repeat(4,1fr);margin:0;border:1px solid var(--rule)}}
.ans div{{padding:12px 14px;border-left:1px solid var(--grid);min-width:0}}
.ans div:first-child{{border-left:0}}
.ans dt{{font-size:13px;color:var(--muted);overflow-wrap:break-word}}
.ans dd{{margin:0;font-size:26px;font-weight:700;font-variant-numeric:tabular-nums}}
.ans p{{margin:2px 0 0;font-size:13px;font-weight:400;line-height:1.35;overflow-wrap:break-word}}
main{{overflow-wrap:anywhere}}
figure{{margin:18px 0}}
figcaption{{font-size:13px;color:var(--muted);margin-top:4px}}
a{{color:var(--value)}}
a:focus-visible,.scroll:focus-visible,button:focus-visible,input:focus-visible
{{outline:3px solid var(--market);outline-offset:2px}}
.scroll{{overflow-x:auto}}
.pic svg{{display:block;width:100%;min-width:640px;height:auto}}
table{{border-collapse:collapse;width:100%;font-size:13px;line-height:1.35;margin:10px 0}}
table{{font-variant-numeric:tabular-nums}}
caption{{text-align:left;font-weight:700;padding:4px 0}}
th,td{{padding:4px 8px;border-bottom:1px solid var(--grid);vertical-align:top;font-weight:400}}
th,td{{overflow-wrap:break-word}}
thead th{{border-bottom:1.5px solid var(--ink);font-weight:700;vertical-align:bottom}}
td[align=right]{{white-space:nowrap}}
td,tbody th{{max-width:34ch}}
pre{{background:var(--claim);padding:10px;overflow-x:auto;font-size:13px}}
.back{{font-size:12px;margin:0 0 18px}}
@media (max-width:640px){{
.ans{{grid-template-columns:1fr 1fr}}
body{{padding:14px}}
td:not([align=right]),tbody th{{min-width:7em}}
h1{{font-size:23px}}
.ans div:nth-child(3){{border-left:0}}
.ans div:nth-child(n+3){{border-top:1px solid var(--grid)}}
}}
@media print{{
@page{{size:A4;margin:14mm}}
html{{font-size:12pt}}
body{{max-width:none;padding:0}}
figure,tr,.ans,pre{{break-inside:avoid}}
h2,h3{{break-after:avoid}}
.scroll{{overflow:visible}}
.pic svg{{min-width:0}}
.back,.ctl{{display:none}}
a{{color:inherit}}
thead{{display:table-header-group}}
*{{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
}}
"""
_CONTROLS = """
.ctl{position:sticky;top:0;background:var(--paper);padding:8px 0 10px;z-index:1}
.ctl{border-bottom:2px solid var(--ink)}
.ctl .row{display:flex;gap:12px;align-items:center}
.ctl label{font-size:13px;color:var(--muted)}
.ctl input{accent-color:var(--loss);min-height:28px;color:var(--ink);background:var(--paper)}
.ctl input{font:inherit}
.ctl input[type=range]{flex:1;min-width:0}
.ctl input[type=number]{width:10em;border:1px solid var(--rule);padding:2px 6px}
.ctl p{margin:4px 0}
#say{font-size:18px;font-weight:700}
#next{font-size:14px;color:var(--muted)}
.go{display:flex;flex-wrap:wrap;gap:6px}
.go button{font:inherit;font-size:12px;line-height:1.3;min-height:28px;padding:3px 8px}
.go button{background:var(--paper);color:var(--ink);border:1px solid var(--rule);border-radius:3px}
"""


def page_style(*, controls: bool = False) -> str:
    """Return the one style block of a page."""
    rules = _RULES + (_CONTROLS if controls else "")
    return variables(":root") + marks() + rules.replace("\n", "")
