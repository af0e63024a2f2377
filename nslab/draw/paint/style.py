"""How a picture looks: the rules that stand in its ``<style>``.

Hues are made from the Okabe-Ito palette, which colour-blind people can tell apart, and nothing is
said by colour alone.  Red is kept for what is wrong, green for what is well or new; what is gone is
grey and dashed.  Every class begins with ``nslab-``, and the rules of one flavour do not reach the
other, so any number of pictures can stand on a page.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nslab.draw.layout.boxes import NAME, TEXT, TITLE

_CODE = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace"
_SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"


@dataclass(frozen=True)
class Palette:
    """Colours for one ground; of a hue its line and what is filled with it."""

    ink: str
    soft: str
    edge: str
    idle: str
    """Of a cable in whose network nobody has an address: its line."""
    line: str
    paper: str
    ground: str
    plate: str
    good: str
    wrong: str
    way: str
    hues: tuple[tuple[str, str], ...]
    tints: tuple[str, ...]


LIGHT = Palette(
    ink="#1f2328",
    soft="#454d56",
    edge="#6a737d",
    idle="#7d8690",
    line="#aeb6be",
    paper="#ffffff",
    ground="#f4f5f7",
    plate="#ffffff",
    good="#067150",
    wrong="#b83a1b",
    way="#7b2cbf",
    hues=(
        ("#0a6bbd", "#e3f0fb"),
        ("#9a5b00", "#fdf0d9"),
        ("#a33b76", "#fbe8f2"),
        ("#0b7285", "#dcf2f6"),
        ("#6b6400", "#f4f2cf"),
        ("#4453c4", "#e7e9fb"),
        ("#262b30", "#e9ecef"),
    ),
    tints=("#f1f6fb", "#faf5ec", "#f9f2f6", "#eff7f6", "#f6f6ec", "#f4f2fb"),
)
DARK = Palette(
    ink="#e6e6e6",
    soft="#b2b7bd",
    edge="#8b929a",
    idle="#747c85",
    line="#59616a",
    paper="#16191d",
    ground="#23282e",
    plate="#16191d",
    good="#3fb983",
    wrong="#ff8a70",
    way="#c77dff",
    hues=(
        ("#6cb6ff", "#12304d"),
        ("#e3a84a", "#43300f"),
        ("#e79ac4", "#452139"),
        ("#66cbdb", "#10373f"),
        ("#d2c94e", "#38350d"),
        ("#98a4ff", "#262b57"),
        ("#f0f3f6", "#353b42"),
    ),
    tints=("#212831", "#2b2822", "#2b252a", "#212b2a", "#2a2a22", "#27262e"),
)

MARKS = {"new": ("good", "good"), "changed": ("ink", "ink"), "gone": ("edge", "soft")}
"""The colours of a palette that say how something changed: of lines, and of words."""

_COMMON = f"""\
.nslab-picture text{{font-family:{_SANS};font-size:{TEXT}px;stroke:none}}
.nslab-picture .nslab-code{{font-family:{_CODE}}}
.nslab-picture .nslab-name{{font-family:{_CODE};font-size:{NAME}px;font-weight:600}}
.nslab-picture .nslab-title{{font-size:{TITLE}px;font-weight:600}}
.nslab-picture .nslab-port{{font-size:{TEXT}px;font-weight:400}}
.nslab-picture .nslab-leaf{{font-size:{TEXT}px}}
.nslab-picture .nslab-end{{text-anchor:end}}
.nslab-picture .nslab-middle{{text-anchor:middle}}
.nslab-picture .nslab-struck{{text-decoration:line-through}}
.nslab-picture .nslab-box,.nslab-picture .nslab-panel{{stroke-width:1.2}}
.nslab-picture .nslab-cell{{stroke-width:1.6}}
.nslab-picture .nslab-bar{{stroke:none}}
.nslab-picture .nslab-edge{{fill:none;stroke-width:1.6}}
.nslab-picture .nslab-cable{{fill:none;stroke-width:3;stroke-linecap:round;stroke-linejoin:round}}
.nslab-picture .nslab-gap{{fill:none;stroke-width:8}}
.nslab-picture .nslab-wire{{fill:none;stroke-width:1.6;stroke-linejoin:round}}
.nslab-picture .nslab-icon{{fill:none;stroke-width:1.3;stroke-linecap:round;stroke-linejoin:round}}
.nslab-picture .nslab-between{{fill:none;stroke-width:1}}
.nslab-picture .nslab-dots{{fill:none;stroke-width:2;stroke-dasharray:2 4}}
.nslab-picture .nslab-gate{{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}}
.nslab-picture .nslab-off{{stroke-dasharray:5 4}}
.nslab-picture .nslab-cable.nslab-off{{stroke-dasharray:7 6}}
.nslab-picture .nslab-halo{{stroke-width:2.4}}
.nslab-picture .nslab-under{{fill:none;stroke-width:9;stroke-opacity:.3;stroke-linecap:round}}
.nslab-picture .nslab-pill{{fill:none;stroke-width:1.4}}
.nslab-picture .nslab-gone :is(.nslab-cell,.nslab-edge,.nslab-box,.nslab-cable,.nslab-wire)\
{{stroke-dasharray:4 4;stroke-linecap:butt}}
.nslab-picture .nslab-badge{{font-weight:600}}
.nslab-picture g:focus{{outline:2px solid #0072b2;outline-offset:2px}}
"""


def _rules(p: Palette, hues: Collection[int], tints: Collection[int]) -> list[str]:
    """The rules of a flavour: selectors within a picture, and what they set."""
    found = [
        f"text{{fill:{p.ink}}}",
        f".nslab-muted{{fill:{p.soft}}}",
        f".nslab-box,.nslab-panel{{fill:{p.ground};stroke:{p.line}}}",
        ".nslab-panel{fill:none}",
        f".nslab-calm{{stroke:{p.line}}}",
        f".nslab-cell,.nslab-edge{{fill:{p.plate};stroke:{p.edge}}}",
        ".nslab-edge{fill:none}",
        f".nslab-bar{{fill:{p.plate}}}",
        f".nslab-cable,.nslab-wire{{stroke:{p.idle}}}",
        f".nslab-plug{{fill:{p.soft};stroke:none}}",
        f".nslab-icon{{stroke:{p.edge}}}",
        f".nslab-gap{{stroke:{p.paper}}}",
        f".nslab-gap.nslab-inside{{stroke:{p.ground}}}",
        f".nslab-dots,.nslab-between{{stroke:{p.line}}}",
        f".nslab-gate{{stroke:{p.edge}}}",
        f".nslab-good{{fill:{p.good}}}",
        f".nslab-wrong{{fill:{p.wrong}}}",
        # Green words, too weak to be read where they step back, are as grey there as others.
        f".nslab-same .nslab-good{{fill:{p.soft}}}",
        f".nslab-dot{{fill:{p.good};stroke:{p.good}}}",
        f".nslab-open{{stroke:{p.good}}}",
        f".nslab-hollow{{fill:none;stroke:{p.edge};stroke-width:1.6}}",
    ]
    for hue in sorted(hues):
        line, filled = p.hues[hue % len(p.hues)]
        within = f".nslab-h{hue} "
        found.append(f"{within}.nslab-cell,{within}.nslab-edge{{stroke:{line}}}")
        found.append(f"{within}.nslab-cell,{within}.nslab-bar{{fill:{filled}}}")
        found.append(f"{within}.nslab-cable,{within}.nslab-wire{{stroke:{line}}}")
        found.append(f"{within}.nslab-plug{{fill:{line}}}")
        found.append(f"{within}.nslab-icon{{stroke:{line}}}")
    for tint in sorted(tints):
        found.append(f".nslab-box.nslab-t{tint}{{fill:{p.tints[tint]}}}")
        found.append(f".nslab-gap.nslab-t{tint}{{stroke:{p.tints[tint]}}}")
    # Nothing is seen in them, and a hand still finds them: what has no fill is not hit.
    found.append(".nslab-off.nslab-cell,.nslab-off.nslab-bar,rect.nslab-calm{fill-opacity:0}")
    return found + _mark_rules(p)


def _mark_rules(p: Palette) -> list[str]:
    """The rules of what came, went or changed; they are above those of hues."""
    found = []
    for mark, (line, word) in MARKS.items():
        colour = getattr(p, line)
        found.append(f".nslab-halo-{mark}{{stroke:{colour}}}")
        found.append(f".nslab-told-{mark}{{fill:{getattr(p, word)}}}")
        # It takes the place of the thing's own line, whatever hue that has.
        found.append(f".nslab-halo.nslab-halo-{mark}{{stroke:{colour}}}")
    found += [
        f".nslab-gone {thing}{{stroke:{p.edge}}}"
        for thing in (".nslab-cell", ".nslab-edge", ".nslab-box", ".nslab-cable", ".nslab-wire")
    ]
    found.append(f".nslab-gone .nslab-plug{{fill:{p.soft}}}")
    found.append(f".nslab-gone text{{fill:{p.soft}}}")
    found.append(".nslab-gone .nslab-cell,.nslab-gone .nslab-bar{fill-opacity:0}")
    return found


def _way_rules(p: Palette) -> list[str]:
    """The rules of a packet's way."""
    return [
        f".nslab-ways{{stroke:{p.way}}}",
        f".nslab-bed{{stroke:{p.paper}}}",
        f".nslab-arrow{{fill:{p.way};stroke:{p.paper}}}",
        f".nslab-stop{{fill:{p.way};stroke:{p.paper}}}",
        f".nslab-gate.nslab-turn{{fill:{p.paper}}}",
        f".nslab-stop-copy{{fill:{p.paper};stroke:{p.way}}}",
        f".nslab-now{{stroke:{p.way}}}",
        f".nslab-number{{fill:{p.paper}}}",
        f".nslab-packet{{fill:{p.way};stroke:{p.paper}}}",
        f".nslab-lead{{stroke:{p.way}}}",
        f".nslab-callout{{fill:{p.paper};stroke:{p.way}}}",
        f".nslab-callout-arrived{{fill:{p.good};stroke:{p.good}}}",
        f".nslab-callout-lost{{fill:{p.wrong};stroke:{p.wrong}}}",
        f".nslab-callout-beyond{{fill:{p.paper};stroke:{p.edge}}}",
        f".nslab-lead-arrived{{stroke:{p.good}}}",
        f".nslab-lead-lost{{stroke:{p.wrong}}}",
        f".nslab-said-arrived,.nslab-said-lost{{fill:{p.paper}}}",
        f".nslab-stop-lost{{fill:{p.wrong}}}",
        f".nslab-stop-arrived{{fill:{p.good}}}",
        f".nslab-astray .nslab-way{{stroke:{p.wrong}}}",
        f".nslab-astray .nslab-arrow{{fill:{p.wrong}}}",
        f".nslab-missed path{{stroke:{p.paper}}}",
    ]


_WAY = """\
.nslab-picture .nslab-behind{opacity:.9}
.nslab-picture .nslab-ways,.nslab-picture .nslab-astray{fill:none;stroke-linejoin:round}
.nslab-picture .nslab-way{stroke-width:5}
.nslab-picture .nslab-bed{stroke-width:8}
.nslab-picture .nslab-within{stroke-width:2}
.nslab-picture .nslab-arrow{stroke-width:1}
.nslab-picture .nslab-copy{stroke-width:4;stroke-opacity:.6}
.nslab-picture .nslab-unseen{stroke-dasharray:1 9;stroke-linecap:round}
.nslab-picture .nslab-astray .nslab-way{stroke-width:4}
.nslab-picture .nslab-astray .nslab-bed{stroke-width:7}
.nslab-picture .nslab-astray .nslab-way,.nslab-picture .nslab-astray .nslab-bed\
{stroke-dasharray:2 7;stroke-linecap:round}
.nslab-picture .nslab-missed path{fill:none;stroke-width:2;stroke-linecap:round}
.nslab-picture .nslab-now[data-on]{display:none}
.nslab-picture .nslab-stop{stroke-width:1.4}
.nslab-picture .nslab-stop-copy{stroke-width:2.4}
.nslab-picture .nslab-now{fill:none;stroke-width:3}
.nslab-picture .nslab-number{font-weight:600;text-anchor:middle}
.nslab-picture .nslab-lead{fill:none;stroke-width:1.4}
.nslab-picture .nslab-callout{stroke-width:1.4}
.nslab-picture .nslab-said{font-weight:600}
.nslab-picture .nslab-packet{stroke-width:1.6}
"""


def _scoped(flavour: str, rules: list[str]) -> str:
    lines = []
    for rule in rules:
        selectors, _, body = rule.partition("{")
        scoped = ",".join(f"{flavour} {one}" for one in selectors.split(","))
        lines.append(f"{scoped}{{{body}\n")
    return "".join(lines)


_DARK_PAGES = (
    '[data-jp-theme-light="false"]',
    "[data-theme=dark]",
    ".dark",
    ".vscode-dark",
    "[theme=dark]",
)
"""What tells that a page is dark: JupyterLab and Notebook, Sphinx, MyST, VS Code, Colab."""


_CELL = ".jp-RenderedHTMLCommon:has(.nslab-inline){padding-right:0}\n"
"""JupyterLab leaves 20 pixels at the right of an output: a narrow cell needs them."""


_ONE = ("ink", "soft", "edge", "idle", "line", "paper", "ground", "plate", "good", "wrong", "way")
"""The colours of a palette that stand alone."""


def _variables(p: Palette, hues: Collection[int], tints: Collection[int]) -> str:
    """The colours of a page, which follow its theme; of hues and tints those that occur."""
    words = [f"--nslab-{name}:{getattr(p, name)}" for name in _ONE]
    for number in sorted({hue % len(p.hues) for hue in hues}):
        line, filled = p.hues[number]
        words.append(f"--nslab-hue{number}:{line};--nslab-fill{number}:{filled}")
    words += [f"--nslab-tint{number}:{p.tints[number]}" for number in sorted(tints)]
    return ";".join(words)


# Opaque, and the text's colour with them: a card looks the same in whatever namespace it stands,
# and where nothing tells that a page is dark, its text is dark on its own light ground.
_PAGE = Palette(
    **{name: f"var(--nslab-{name})" for name in _ONE},
    hues=tuple(
        (f"var(--nslab-hue{number})", f"var(--nslab-fill{number})")
        for number in range(len(LIGHT.hues))
    ),
    tints=tuple(f"var(--nslab-tint{number})" for number in range(len(LIGHT.tints))),
)


# Rules that not every picture has name two classes where a rule of _COMMON holds of the same thing:
# a later picture on the page brings _COMMON again, and of equal rules the last one holds.
_TUNNEL = """\
.nslab-picture :is(.nslab-cable,.nslab-wire).nslab-tunnel{stroke-width:4;stroke-dasharray:.1 8;\
stroke-linecap:round}
"""
"""A tunnel is dots: its frames travel within others."""

_BEADS = """\
.nslab-picture :is(.nslab-cable,.nslab-wire).nslab-beads-1{stroke-width:7;\
stroke-dasharray:.1 14;stroke-dashoffset:-7;stroke-linecap:round}
.nslab-picture .nslab-wire.nslab-beads-1{stroke-width:5.6}
.nslab-picture :is(.nslab-cable,.nslab-wire).nslab-beads-2{stroke-width:9;\
stroke-dasharray:2 12;stroke-dashoffset:-6;stroke-linecap:butt}
.nslab-picture .nslab-gone :is(.nslab-beads-1,.nslab-beads-2){display:none}
"""
"""Networks that have the hue of another: beads along their cables, or ticks across them.

On a thin wire, too, they can be seen on any ground; and a dashed line is one that is down.
"""


def style(
    standalone: bool,
    hues: Collection[int] = (),
    tints: Collection[int] = (),
    *,
    way: bool = False,
    tunnels: bool = False,
) -> str:
    """The rules of a flavour; only the hues and tints that occur.

    :param way: those of a packet's way, too
    :param tunnels: those of tunnels, too
    """

    def rules(p: Palette) -> list[str]:
        return _rules(p, hues, tints) + (_way_rules(p) if way else [])

    beads = any(hue >= len(LIGHT.hues) for hue in hues)
    common = (
        _COMMON + (_BEADS if beads else "") + (_TUNNEL if tunnels else "") + (_WAY if way else "")
    )
    if standalone:
        light, dark = (_scoped(".nslab-file", rules(p)) for p in (LIGHT, DARK))
        sheets = [
            f".nslab-file .nslab-paper{{fill:{p.paper}}}\n.nslab-file .nslab-same{{opacity:.85}}\n"
            for p in (LIGHT, DARK)
        ]
        return (
            f"{common}{sheets[0]}{light}@media (prefers-color-scheme:dark){{\n{sheets[1]}{dark}}}\n"
        )
    pages = ",".join(f"{page} .nslab-inline" for page in _DARK_PAGES)
    return (
        f"{common}{_CELL}.nslab-inline{{color:inherit;{_variables(LIGHT, hues, tints)}}}\n"
        f"{pages}{{{_variables(DARK, hues, tints)}}}\n"
        # A page that leaves it to the system, as Furo's does.
        f"@media (prefers-color-scheme:dark){{[data-theme=auto] .nslab-inline"
        f"{{{_variables(DARK, hues, tints)}}}}}\n"
        ".nslab-inline .nslab-same{opacity:.85}\n"
        f"{_scoped('.nslab-inline', rules(_PAGE))}"
    )
