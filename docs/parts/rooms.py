"""The architecture: rooms and who imports whom, read from the code and drawn by Graphviz."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import nslab

ROOT = Path(__file__).resolve().parents[2] / "nslab"


def room(path: Path) -> str:
    """The room that a file of the package is in: the first folder, or a file at the top."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def rooms() -> dict[str, str]:
    """The rooms and, of each, the first sentence of what it says of itself."""
    found = {}
    for path in sorted([*ROOT.glob("*/__init__.py"), *ROOT.glob("[!_]*.py")]):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found[room(path)] = re.split(r"(?<=[.:])\s", said, maxsplit=1)[0].rstrip(":.")
    return found


def files(name: str) -> int:
    """How many files of Python are in a room."""
    return sum(1 for path in ROOT.rglob("*.py") if room(path) == name)


@cache
def imports() -> Counter[tuple[str, str]]:
    """How many imports lead from a room to another, in functions and for type checkers too."""
    known, found = rooms(), Counter[tuple[str, str]]()
    for path in sorted(ROOT.rglob("*.py")):
        here = room(path)
        if here not in known:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for target in _targets(node):
                there = target.split(".")[1] if target.startswith("nslab.") else ""
                if there in known and there != here:
                    found[here, there] += 1
    return found


def _targets(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module == "nslab":
        homes = {name: home for home, names in nslab._HOMES.items() for name in names}
        homes |= nslab._MODULES
        return [homes.get(alias.name, f"nslab.{alias.name}") for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def direct(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges that say something: not those that a longer way over other rooms says as well."""
    below: dict[str, set[str]] = {}
    for source, target in edges:
        below.setdefault(source, set()).add(target)

    def reach(name: str) -> set[str]:
        return {name}.union(*(reach(other) for other in below.get(name, ())))

    return {
        (source, target)
        for source, target in edges
        if not any(target in reach(other) for other in below[source] - {target})
    }


def dot() -> str:
    """The drawing in Graphviz's language."""
    lines = [
        "digraph rooms {",
        "graph [bgcolor=transparent, nodesep=0.3, ranksep=0.45, pad=0.1]",
        'node [shape=box, style=rounded, fontname="monospace", fontsize=14, height=0.45]',
        "edge [arrowsize=0.7]",
    ]
    for name in rooms():
        number = files(name)
        lines.append(f'{name} [label="{name}\\n{number} file{"s" * (number != 1)}"]')
    lines += [f"{source} -> {target}" for source, target in sorted(direct(set(imports())))]
    return "\n".join([*lines, "}"])


def drawing() -> str:
    """The drawing as SVG that takes the colour of the text around it.

    :raises FileNotFoundError: Graphviz's ``dot`` is not installed
    """
    made = subprocess.run(
        ["dot", "-Tsvg"], input=dot(), capture_output=True, text=True, check=True
    ).stdout
    svg = made[made.index("<svg") :].replace('stroke="black"', 'stroke="currentColor"')
    svg = re.sub(r"<title>.*?</title>\n?|<!--.*?-->\n?", "", svg, flags=re.S)
    svg = svg.replace('fill="black"', 'fill="currentColor"')
    svg = svg.replace("<text ", '<text fill="currentColor" ')
    size = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ', svg)
    assert size, "Graphviz writes a viewBox"
    svg = re.sub(
        r'^<svg width="\d+pt" height="\d+pt"',
        f'<svg class="rooms" role="img" aria-label="The rooms and their imports: as in the table '
        f'below" width="{size[1]}"',
        svg,
    )
    return svg


def text() -> str:
    """The drawing and the table, for a page."""
    edges = imports()
    lines = ["```{raw} html", f'<div class="figure">{drawing()}</div>', "```", ""]
    lines += ["| room | what it is | it imports |", "|---|---|---|"]
    for name, said in rooms().items():
        wanted = sorted(target for source, target in edges if source == name)
        lines.append(f"| `{name}` | {_plain(said)} | {', '.join(f'`{w}`' for w in wanted)} |")
    return "\n".join(lines)


def _plain(said: str) -> str:
    """A sentence of a docstring in Markdown."""
    return said.replace("``", "`").replace("|", "\\|")
