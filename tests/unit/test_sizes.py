"""Functions stay small: at most 40 lines and 15 ways through, or the reason stands here.

The ways are counted as radon does: each branch, loop, handler, condition of ``and`` and ``or``, and
each clause of a comprehension.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import nslab

ROOT = Path(nslab.__file__).parent
LINES, WAYS = 40, 15

LONG = {
    "course/measure/chart.py svg": "a drawing in the order in which it is written",
    "engine/agent/boot/shell.py Shell._run": "one life of a command, whose ends must pair",
    "engine/agent/boot/shell.py Shell._follow": "one loop over what a command says and how it ends",
    "engine/agent/boot/living.py Living.__init__": "what must be given back together",
    "engine/agent/rtnl/observe.py _link": "a value with a line for each field",
    "engine/fake/state.py Network._link": "the same value, made up",
    "engine/refusal/diagnosis.py _denied": "a list of causes, the most specific first",
    "engine/refusal/diagnosis.py _plainly": "a list of causes, the most specific first",
    "engine/vm/image.py _build": "the stages of the image, each told",
    "engine/vm/machine.py Machine.__init__": "what must be given back together",
    "engine/vm/qemu.py command": "QEMU's words, one after another",
    "explain/diagnose/route_causes.py no_route": "one obstacle in its variants",
    "explain/trace/walk.py _Walk._leave": "the hooks and questions between a route and the wire",
    "jupyter/widgets/builder.py Builder.__init__": "what the widget is made of, in its order",
    "jupyter/widgets/inspector.py Inspector.__init__": "the same",
    "jupyter/widgets/live.py Live.__init__": "the same",
    "jupyter/widgets/player.py Player.__init__": "the same",
    "session/lab.py Lab.__init__": "what a lab holds, in the order in which it is made",
    "session/traffic/tools.py http": "a program's words and what its output means",
    "session/traffic/tools.py ping": "the same",
}
"""Why each of these is longer."""

BRANCHING = {
    "cli/pick.py pick": "the ways in which it may be unclear which lab is meant",
    "draw/layout/plan.py Plan._group": "the kinds of namespaces, each with its parts",
    "draw/scene/networks.py networks": "what joins two links, a case each",
    "engine/agent/boot/living.py Living._listen": "one loop over everything that may be ready",
    "engine/agent/boot/shell.py Shell._follow": "one loop over what a command says and how it ends",
    "engine/agent/packets/taps.py _wanted": "the forms in which a place may be given",
    "engine/agent/rtnl/this_machine.py _targets": "what is visible, by the rights one has",
    "engine/fake/fib.py gateway": "fib_check_nh() in its order",
    "engine/guard.py _Relay._pass_on": "one loop over everything that may be ready",
    "engine/refusal/diagnosis.py _denied": "a list of causes, the most specific first",
    "engine/refusal/diagnosis.py _plainly": "a list of causes, the most specific first",
    "explain/diagnose/context.py Search.flaw": "what may be wrong with a link, in order",
    "explain/diagnose/route_causes.py no_route": "one obstacle in its variants",
    "explain/diagnose/sighted.py Way._unanswered": "how far an ARP question or its answer came",
    "explain/diagnose/witnessed.py together": "theory and evidence, who has the word when",
    "explain/diagnose/convicted.py unrouted": "each thing that has to bear it out",
    "explain/diagnose/ipv6_causes.py nobody": "what a silent neighbour may be, in order",
    "explain/diagnose/why.py _notes": "a note for each thing that a snapshot has not",
    "explain/trace/filter.py _Hook._do": "what a statement can do, a case each",
    "explain/trace/matching.py fits": "what a rule can look at, a case each",
    "frames/crafting.py _destination": "the forms of an address, down to its MAC",
    "frames/journey/topology.py Topology.how": "the kinds of steps from one link to another",
    "frames/transcode.py Table.flood": "a hot loop over raw frames",
    "jupyter/widgets/forms.py Form.choices": "what each kind of field may hold",
    "network/arguments.py wrong": "a line for each kind of value",
    "network/diff/compare.py _Comparison._link": "a line for each field that may differ",
    "network/diff/compare.py _Comparison._namespace": "the same",
    "network/diff/compare.py _Comparison._pair_links": "how renamed and moved links are told apart",
    "network/diff/details.py bridging": "a line for each field that may differ",
    "network/rules/nft.py listing": "what a line of the listing can be",
    "network/rules/options.py _matched": "what an option can be, a case each",
    "network/diff/wording.py vlans_text": "runs of VLANs with what is said of each",
}
"""Why each of these branches more."""

BRANCH = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.Assert, ast.match_case)


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted(ROOT.rglob("*.py")):
        if "notebooks" in path.parts:
            continue
        todo: list[tuple[str, ast.AST]] = [("", ast.parse(path.read_text()))]
        while todo:
            prefix, node = todo.pop()
            for child in ast.iter_child_nodes(node):
                inside = prefix
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{path.relative_to(ROOT)} {prefix}{child.name}", child
                if isinstance(child, ast.ClassDef):
                    inside = f"{child.name}."
                todo.append((inside, child))


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Without the signature and the docstring."""
    first = function.body[0]
    shown = ast.get_docstring(function) is not None
    start = (first.end_lineno or 0) + 1 if shown else first.lineno
    return (function.end_lineno or 0) - start + 1


def ways(function: ast.AST) -> int:
    count = 1
    for node in ast.walk(function):
        if isinstance(node, BRANCH):
            count += 1
        elif isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            count += 1 + len(node.ifs)
    return count


def test_functions_are_short_or_say_why() -> None:
    found = {name: lines(function) for name, function in functions()}
    assert {name: n for name, n in found.items() if n > LINES and name not in LONG} == {}
    assert not [name for name in LONG if found.get(name, 0) <= LINES], "take these off the list"


def test_functions_branch_little_or_say_why() -> None:
    found = {name: ways(function) for name, function in functions()}
    assert {name: n for name, n in found.items() if n > WAYS and name not in BRANCHING} == {}
    assert not [name for name in BRANCHING if found.get(name, 0) <= WAYS], "take these off the list"
