"""Who may import whom, what is public, and what ``import nslab`` costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import nslab

ROOT = Path(nslab.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "notebooks" not in path.parts)

# The rooms, from the ground up, and whom each may see.  What a room may not see it must be handed.
ROOMS: dict[str, set[str]] = {
    "printable": set(),
    "errors": {"printable"},
    "sentence": set(),
    "network": {"errors", "printable", "sentence"},
    "draw": {"network", "errors", "printable"},
    "explain": {"network", "errors", "printable", "sentence"},
    "engine": {"network", "errors", "printable"},
    "frames": {"draw", "network", "errors", "printable"},
    "doctor": {"engine", "network", "errors", "printable"},
    "session": {
        "engine",
        "explain",
        "draw",
        "frames",
        "network",
        "errors",
        "printable",
        "sentence",
    },
    "jupyter": {
        "session",
        "draw",
        "explain",
        "frames",
        "network",
        "errors",
        "printable",
        "sentence",
    },
    "course": {
        "jupyter",
        "session",
        "engine",
        "draw",
        "network",
        "errors",
        "printable",
        "sentence",
    },
    "cli": {
        "course",
        "jupyter",
        "session",
        "doctor",
        "engine",
        "explain",
        "draw",
        "network",
        "errors",
        "printable",
    },
}

# What may only be used in one place, so that it can be replaced there.
ONLY_IN = {
    "pyroute2": (),  # for tests and benchmarks only
    "scapy": ("nslab.frames.dissect", "nslab.session.traffic.scapy_socket"),
    "ipykernel": ("nslab.jupyter",),
    "dnslib": ("nslab.engine.agent",),
    "graphviz": ("nslab.draw",),
    "anywidget": ("nslab.jupyter.widgets",),
    "ipywidgets": ("nslab.jupyter",),
    "IPython": ("nslab.jupyter",),
    "typer": ("nslab.cli",),
    "rich": ("nslab.cli",),
    "nbformat": ("nslab.cli.notebooks", "nslab.course.checking.executing"),
}

# The agent is another process, perhaps on another machine.  Only these run in such a process, or
# read the machine without a lab; nothing that a notebook imports does.
AGENT_FOR = (
    "nslab.engine.agent",
    "nslab.engine.refusal.probe",
    "nslab.cli.show",
    "nslab.course.grading.box",
    "nslab.engine.labs",  # root as another user, in a child
)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def inside(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


def imports(path: Path, *, when_loaded: bool = False, types: bool = False) -> Iterator[str]:
    """The modules that a file imports: anywhere in it, or only what loading it imports.

    :param types: count those that are imported for type checkers only, too
    """
    yield from _imports(path, when_loaded, types)


@cache
def parsed(path: Path) -> ast.Module:
    """A file, read once: each of them is asked about five times."""
    return ast.parse(path.read_text())


@cache
def is_module(name: str) -> bool:
    place = ROOT.parent / name.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").exists()


@cache
def _imports(path: Path, when_loaded: bool, types: bool) -> tuple[str, ...]:
    return tuple(_walked(parsed(path), path, when_loaded, types))


def _walked(tree: ast.Module, path: Path, when_loaded: bool, types: bool) -> Iterator[str]:
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) if not types:
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef() if when_loaded:
                continue
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=0) if module:
                # `from nslab import actions` imports nslab.network.actions.
                below = [f"{module}.{alias.name}" for alias in names]
                yield from [name for name in below if is_module(name)] or [module]
            case ast.ImportFrom():
                raise AssertionError(f"{path}: relative import")
            case ast.expr():
                continue  # no statement is in one
            case _:
                todo += ast.iter_child_nodes(node)


def room(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_room_sees_only_what_it_may(path: Path) -> None:
    """Anywhere in a file: also in functions, and where only types are checked."""
    module = name_of(path)
    if module in ("nslab", "nslab.__main__"):
        return  # the public face re-exports lazily; the next tests say what loading it brings
    for target in imports(path, types=True):
        if target == "nslab":
            assert room(module) == "cli", f"{module} imports the public face"
        elif inside(target, "nslab") and room(target) != room(module):
            assert room(target) in ROOMS[room(module)], f"{module} imports {target}"


def test_the_rooms_are_those_that_exist() -> None:
    there = {room(name_of(path)) for path in MODULES if name_of(path) != "nslab"}
    assert there - {"__main__"} == set(ROOMS)


def test_there_is_no_circle() -> None:
    """Whatever imports another, directly or by others, is not imported by it: in functions too."""
    wanted = {
        name_of(path): {
            target
            for target in imports(path, types=True)
            if inside(target, "nslab") and target != name_of(path)
        }
        for path in MODULES
    }
    free: set[str] = set()
    while ready := {name for name in wanted if name not in free and wanted[name] <= free}:
        free |= ready
    left = {name: sorted(wanted[name] - free) for name in wanted if name not in free}
    assert not left, f"in a circle, or above one: {left}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_libraries_are_used_in_one_place(path: Path) -> None:
    module = name_of(path)
    for target in imports(path):
        for library, places in ONLY_IN.items():
            if inside(target, library):
                assert any(inside(module, place) for place in places), f"{module} uses {library}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_agent_is_another_process(path: Path) -> None:
    module = name_of(path)
    if not any(inside(module, place) for place in AGENT_FOR):
        assert not [target for target in imports(path) if inside(target, "nslab.engine.agent")]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(parsed(path))


def loaded_by(code: str) -> set[str]:
    answer = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in answer.stdout.split()}


def test_import_brings_nothing_heavy() -> None:
    heavy = {"pyroute2", "scapy", "graphviz", "ipywidgets", "IPython", "typer", "rich", "dnslib"}
    assert not loaded_by("import nslab") & heavy
    assert not loaded_by("from nslab import Lab") & heavy - {"IPython"}


def test_a_labs_agent_starts_without_what_it_seldom_needs() -> None:
    """Each lab has one, and its imports are most of what it takes to start."""
    seldom = {
        "ssl",
        "email",
        "logging",
        "concurrent",
        "dataclasses",
        "inspect",
        "difflib",
        "shutil",
    }
    code = "import nslab.engine.agent.__main__, nslab.engine.agent.boot.serve"
    assert not loaded_by(code) & (seldom | {"shutil", "subprocess"})


def test_help_brings_no_engine() -> None:
    code = "from nslab.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    assert not loaded_by(code) & {"pyroute2", "scapy", "graphviz", "ipywidgets", "IPython"}


@pytest.mark.parametrize("name", nslab.__all__)
def test_public_names_are_there_and_documented(name: str) -> None:
    thing = getattr(nslab, name)
    assert name in dir(nslab)
    if isinstance(thing, type) or callable(thing):
        own = vars(thing).get("__doc__") if isinstance(thing, type) else thing.__doc__
        assert own, f"{name} has no docstring"


@pytest.mark.parametrize("name", nslab.__all__)
def test_public_methods_are_documented(name: str) -> None:
    thing = getattr(nslab, name)
    if not isinstance(thing, type):
        return
    for method, value in vars(thing).items():
        plain = getattr(value, "fget", None) or getattr(value, "__func__", value)
        if method.startswith("_") or not hasattr(plain, "__code__"):
            continue
        assert any(getattr(vars(base).get(method), "__doc__", None) for base in thing.__mro__), (
            f"{name}.{method} has no docstring"
        )


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        _ = nslab.nothing_of_this_name


def test_imports_are_found(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(
        "import os.path\nfrom nslab.network import actions\n"
        "from nslab.engine.agent.rtnl import rtnetlink as w\n"
        "def later():\n    from pyroute2 import IPRoute\n"
    )
    wanted = {"os.path", "nslab.network.actions", "nslab.engine.agent.rtnl.rtnetlink", "pyroute2"}
    assert set(imports(file)) == wanted
    assert set(imports(file, when_loaded=True)) == wanted - {"pyroute2"}


PACKAGES = sorted(path.parent for path in MODULES if path.name == "__init__.py")
ROW = re.compile(r"^    (\S.*?)(?:  +|$)", re.M)


def mapped(package: Path) -> set[str]:
    """What the map in a package's docstring names: the rows after its ``::``."""
    shown = ast.get_docstring(parsed(package / "__init__.py")) or ""
    _, marked, rest = shown.partition("::\n")
    block = re.split(r"\n(?=\S)", rest, maxsplit=1)[0] if marked else ""
    return {word.rstrip("/,") for row in ROW.findall(block) for word in row.split()}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: name_of(path / "__init__.py"))
def test_a_package_has_a_map_of_its_files(package: Path) -> None:
    there = {path.stem for path in package.glob("*.py") if not path.stem.startswith("__")}
    there |= {path.parent.name for path in package.glob("*/__init__.py")}
    if package == ROOT or len(there) < 3:
        return  # CONTRIBUTING has the map of the rooms
    assert mapped(package) == there


LOOKS_HERE = {"nslab/cli/course.py": "a course's tests import what lies beside them"}
"""Where Python looks for modules in the present folder, and why."""


def unshielded(tree: ast.AST) -> list[int]:
    """The lines on which ``sys.executable`` is started with ``-m`` or ``-c`` first."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.List | ast.Tuple):
            continue
        for word, after in zip(node.elts, node.elts[1:], strict=False):
            own = isinstance(word, ast.Attribute) and word.attr == "executable"
            first = after.value if isinstance(after, ast.Starred) else after
            if isinstance(first, ast.Tuple) and first.elts:
                first = first.elts[0]
            if own and isinstance(first, ast.Constant) and first.value in ("-m", "-c"):
                found.append(node.lineno)
    return found


def test_python_does_not_look_for_modules_in_the_present_folder() -> None:
    """It may be another user's, or have hand-ins in it: ``-P`` or ``-I`` comes first."""
    assert unshielded(ast.parse("run([sys.executable, '-m', 'x'], (sys.executable, *('-m', 'x')))"))
    assert not unshielded(ast.parse("run([sys.executable, '-P', '-m', 'x'])"))
    files = [*MODULES, *(ROOT.parent / "deploy").rglob("*.py")]
    wrong = {str(path.relative_to(ROOT.parent)) for path in files if unshielded(parsed(path))}
    assert wrong == set(LOOKS_HERE)
