"""How a picture looks: the rules that stand in its ``<style>``.

Colours are of the Okabe-Ito palette, which colour-blind people can tell apart, and nothing is said
by colour alone.  Every class begins with ``nslab-``, and the rules of one flavour do not reach the
other, so any number of pictures can stand on one page.
"""

from __future__ import annotations

from nslab.draw.layout.boxes import NAME, TEXT
from nslab.network.diff import Kind

COLOURS: dict[Kind, str] = {"new": "#009e73", "changed": "#0072b2", "gone": "#d55e00"}

_CODE = "'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace"
_SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"

_COMMON = f"""\
.nslab-picture text{{font-family:{_SANS};font-size:{TEXT}px;stroke:none}}
.nslab-picture .nslab-code{{font-family:{_CODE}}}
.nslab-picture .nslab-name{{font-family:{_CODE};font-size:{NAME}px;font-weight:bold}}
.nslab-picture .nslab-title{{font-family:{_CODE};font-size:{NAME + 1}px;font-weight:bold}}
.nslab-picture .nslab-end{{text-anchor:end}}
.nslab-picture .nslab-middle{{text-anchor:middle}}
.nslab-picture .nslab-struck{{text-decoration:line-through}}
.nslab-picture .nslab-box,.nslab-picture .nslab-cell{{stroke-width:1.2}}
.nslab-picture .nslab-bridge{{stroke-width:2}}
.nslab-picture .nslab-cable{{fill:none;stroke-width:2.4;stroke-linecap:round}}
.nslab-picture .nslab-wire{{fill:none;stroke-width:1.4}}
.nslab-picture .nslab-off{{stroke-dasharray:5 4}}
.nslab-picture .nslab-new{{stroke-width:2.6}}
.nslab-picture .nslab-changed{{stroke-width:2.2}}
.nslab-picture .nslab-gone{{stroke-width:2;stroke-dasharray:1.5 4;stroke-linecap:round}}
.nslab-picture .nslab-badge{{fill:#fff;font-weight:bold;font-size:{TEXT}px}}
.nslab-picture g:focus{{outline:2px solid #0072b2;outline-offset:2px}}
"""

_INLINE = """\
.nslab-inline{color:inherit}
.nslab-inline text{fill:currentColor}
.nslab-inline .nslab-badge{fill:#fff}
.nslab-inline .nslab-muted{fill-opacity:.78}
.nslab-inline .nslab-box{fill:currentColor;fill-opacity:.035;stroke:currentColor;stroke-opacity:.4}
.nslab-inline .nslab-cell{fill:currentColor;fill-opacity:.05;stroke:currentColor;
stroke-opacity:.75}
.nslab-inline .nslab-bridge{fill-opacity:.1}
.nslab-inline .nslab-ghost{fill:none;stroke:currentColor;stroke-opacity:.5}
.nslab-inline .nslab-cable,.nslab-inline .nslab-wire{stroke:currentColor;stroke-opacity:.8}
.nslab-inline .nslab-calm{stroke-opacity:.35}
.nslab-inline .nslab-plug{fill:currentColor;stroke:none}
.nslab-inline .nslab-dot{fill:currentColor;stroke:currentColor}
.nslab-inline .nslab-hollow{fill:none;stroke:currentColor}
.nslab-inline .nslab-card{fill:none;stroke:none}
.nslab-inline .nslab-same{opacity:.82}
"""

_STANDALONE = """\
.nslab-file text{fill:#1d2329}
.nslab-file .nslab-badge{fill:#fff}
.nslab-file .nslab-muted{fill:#57606a}
.nslab-file .nslab-box{fill:#f4f6f8;stroke:#8b949e}
.nslab-file .nslab-cell{fill:#fff;stroke:#57606a}
.nslab-file .nslab-bridge{fill:#e3e9ef}
.nslab-file .nslab-ghost{fill:#eef0f2;stroke:#8b949e}
.nslab-file .nslab-cable,.nslab-file .nslab-wire{stroke:#7a8490}
.nslab-file .nslab-plug{fill:#7a8490;stroke:none}
.nslab-file .nslab-dot{fill:#1d2329;stroke:#1d2329}
.nslab-file .nslab-hollow{fill:none;stroke:#57606a}
.nslab-file .nslab-card{fill:#f4f6f8;stroke:none}
.nslab-file .nslab-same text{fill:#57606a}
.nslab-file .nslab-same .nslab-dot{fill:#57606a;stroke:#57606a}
"""

_MARKS = "".join(
    f".nslab-picture .nslab-{mark}{{stroke:{colour};stroke-opacity:1}}\n"
    f".nslab-picture .nslab-plate-{mark}{{fill:{colour};stroke:none}}\n"
    f".nslab-picture .nslab-tint-{mark}{{fill:{colour};fill-opacity:.16;stroke:none}}\n"
    for mark, colour in COLOURS.items()
)


def style(standalone: bool) -> str:
    """The rules of a flavour."""
    return f"{_COMMON}{_STANDALONE if standalone else _INLINE}{_MARKS}"
