"""A plan in Graphviz's language, and Graphviz's answer.

The source is complete by itself: every name, address and state stands in it, and every node has
the size that the picture gives it, so ``dot -Tpng`` of it shows the same network.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from nslab.draw.layout.boxes import (
    BADGE,
    HEAD,
    LONGEST_NAME,
    MARGIN,
    Node,
    Part,
    Slot,
    scenery_lines,
)
from nslab.draw.layout.plan import End, Group, Plan
from nslab.draw.scene.metrics import clip, printable
from nslab.draw.scene.scene import Cell
from nslab.errors import ToolMissing

_RANKSEP, _NODESEP = 36, {True: 43, False: 14}
"""Pixels between one row and the next, and between nodes in a row, from the top down or not."""

_TABLE = '<table border="0" cellborder="0" cellpadding="0" cellspacing="0">'


def source(plan: Plan) -> str:
    """The graph, complete with labels."""
    return "\n".join(_lines(plan)) + "\n"


def positions(text: str) -> dict[str, Any]:
    """What dot answers to a source: places, and no drawing.

    :raises ToolMissing: there is no ``dot``
    """
    import graphviz

    try:
        # Quiet: that a text is wider than its cell in this machine's font is none of its business.
        answer: bytes = graphviz.pipe("dot", "json0", text.encode(), quiet=True)
    except graphviz.ExecutableNotFound as error:
        raise ToolMissing(
            "draw the picture",
            "",
            "Graphviz's program dot is not installed",
            "apt-get install graphviz",
        ) from error
    found: dict[str, Any] = json.loads(answer)
    return found


def _lines(plan: Plan) -> Iterator[str]:
    down = plan.down
    yield f"graph {_quote(plan.scene.title)} {{"
    yield f"  graph [rankdir={'TB' if down else 'LR'} splines=true fontname=sans fontsize=12"
    yield f"    ranksep={_RANKSEP / 72:.4f} nodesep={_NODESEP[down] / 72:.4f}]"
    yield "  node [shape=box style=rounded fixedsize=true fontname=monospace fontsize=12]"
    yield "  edge [penwidth=2]"
    yield from _world(plan)
    for group in plan.groups:
        yield from _group(group, down)
    if plan.rest:
        yield f"  {plan.rest.id} [{_size(plan.rest)} label={_quote(plan.scene.rest)}]"
    yield from _edges(plan)
    yield "}"


def _world(plan: Plan) -> Iterator[str]:
    if not plan.world:
        return
    yield "  subgraph cluster_outside_the_host {"
    yield "    graph [style=invis margin=4]"
    for node, thing in zip(plan.world, plan.scene.scenery, strict=True):
        label = _quote("\n".join(scenery_lines(thing)))
        yield f"    {node.id} [{_size(node)} color=gray label={label}]"
    yield f"    {{ rank=same; {'; '.join(node.id for node in plan.world)} }}"
    yield "  }"


def _group(group: Group, down: bool) -> Iterator[str]:
    title = _html(f"{clip(group.box.label, LONGEST_NAME)}  {group.title}")
    yield f"  subgraph {group.id} {{"
    yield f"    graph [margin={MARGIN} labeljust=l style=rounded label=<{_TABLE}<tr>"
    cell = _cell_open(group.title_width, HEAD[down])
    yield f"      {cell}>{title}</td></tr></table>>]"
    for node in group.nodes():
        yield f"    {node.id} {_label(node)}"
    for row in group.rows:
        if len(row) > 1:
            # From left to right dot sets a row from the bottom up.
            ids = [node.id for node in (row if down else reversed(row))]
            yield f"    {{ rank=same; {' -- '.join(ids)} [style=invis] }}"
    for upper, lower in zip(group.rows, group.rows[1:], strict=False):
        yield f"    {upper[0].id} -- {lower[0].id} [style=invis weight=2]"
    yield "  }"


def _edges(plan: Plan) -> Iterator[str]:
    for run in plan.runs:
        styles = [f"id={run.id}"]
        if run.cable is None:
            styles.append("color=gray")
        elif not run.cable.up or run.cable.mark == "gone":
            styles.append("style=dashed")
        ends = (run.end, run.start) if run.level and not plan.down else (run.start, run.end)
        ports = " -- ".join(_end(end, plan.down) for end in ends)
        yield f"  {ports} [{' '.join(styles)}]"
    # Namespaces are kept below the whole of the host, whatever they hang on.
    host, *others = plan.groups
    for group in others if host.rows else ():
        yield f"  {host.rows[-1][0].id} -- {group.rows[0][0].id} [style=invis]"


def _end(end: End, down: bool) -> str:
    port = _port(end.node, end.slot)
    side = end.sides if len(end.sides) == 1 else ""
    if side and not down:
        side = {"n": "w", "s": "e"}.get(side, side)
    return ":".join(filter(None, (end.node.id, port, side)))


def _label(node: Node) -> str:
    if node.single:
        slot = next(node.slots())
        shape = "" if isinstance(slot.part, Cell) else " shape=plaintext"
        return f"[{_size(node)}{shape} label={_quote(chr(10).join(_words(slot.part)))}]"
    tables = [_table(node, line) for line in node.lines]
    if node.across:
        rows = "\n      ".join(f"<tr><td>{table}</td></tr>" for table in tables)
    else:
        cells = "\n      ".join(f"<td>{table}</td>" for table in tables)
        rows = f"<tr>{cells}</tr>"
    return f"[shape=plain fixedsize=false label=<{_TABLE}\n      {rows}</table>>]"


def _table(node: Node, line: list[Slot]) -> str:
    cells = []
    for slot in line:
        port = f' port="{_port(node, slot)}"' if slot.part else ""
        border = ' border="1"' if isinstance(slot.part, Cell) else ""
        words = "<br/>".join(_html(word) for word in _words(slot.part))
        cells.append(f"{_cell_open(slot.w, slot.h)}{port}{border}>{words}</td>")
    if node.across:
        return f"{_TABLE}<tr>{''.join(cells)}</tr></table>"
    return f"{_TABLE}{''.join(f'<tr>{cell}</tr>' for cell in cells)}</table>"


def _cell_open(w: int, h: int) -> str:
    return f'<td fixedsize="true" width="{w}" height="{h}"'


def _port(node: Node, slot: Slot) -> str:
    if node.single:
        return ""
    return f"p{next(n for n, other in enumerate(node.slots()) if other is slot)}"


def _size(node: Node) -> str:
    w, h = node.size
    return f"width={w / 72:.4f} height={h / 72:.4f}"


def _words(part: Part) -> list[str]:
    if isinstance(part, Cell):
        mark = part.mark and BADGE[part.mark]
        words = (mark, part.name, part.kind, part.state, part.does, part.aside)
        lines = [*(line.text for line in part.lines), *part.told]
        return [" ".join(word for word in words if word), *lines]
    return [line.text for line in part.lines] if part else [""]


def _quote(text: str) -> str:
    """A string of dot's language; a backslash would start an escape."""
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _html(text: str) -> str:
    """Text of an HTML-like label; to dot an empty one is no label."""
    return html.escape(printable(text)) or " "
