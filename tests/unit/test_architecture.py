"""Who may import whom, what is public, and what ``import nslab`` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nslab

ROOT = Path(nslab.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "notebooks" not in path.parts)

# From the bottom up.  A module may import what stands below its own line, and its own package.
# Where one prefix is longer than another, the longer one counts.
LAYERS = (
    ("nslab.errors",),
    ("nslab.network.model",),
    ("nslab.network.names", "nslab.network.programs"),
    ("nslab.arguments",),
    ("nslab.network.actions",),
    ("nslab.network.diff", "nslab.explain.trace"),
    ("nslab.explain.diagnose",),
    ("nslab.draw",),
    ("nslab.session.check",),
    ("nslab.course.step",),
    ("nslab.frames",),
    ("nslab.frames.journey",),
    (
        "nslab.engine",
        "nslab.engine.protocol",
        "nslab.engine.explain",
        "nslab.engine.stopping",
        "nslab.engine.sending",
    ),
    ("nslab.engine.messages",),
    ("nslab.engine.agent", "nslab.engine.fake"),
    ("nslab.doctor",),
    ("nslab.engine.remote",),
    ("nslab.engine.local", "nslab.engine.ssh", "nslab.engine.vm"),
    ("nslab.engine.labs", "nslab.engine.choose"),
    ("nslab.session.outcome", "nslab.session.history", "nslab.session.capture"),
    ("nslab.session.traffic", "nslab.session.export"),
    ("nslab.session.lab",),
    ("nslab.course.docker", "nslab.course.nlmessages", "nslab.course.measure"),
    ("nslab.course.lessons",),
    ("nslab.jupyter.magics", "nslab.jupyter.widgets"),
    ("nslab.cli",),
    ("nslab.__main__",),
)

# Asked for in the moment of need, and never when the module is loaded.
UPWARDS = {
    ("nslab.errors", "nslab.network.names"),  # how may it be shown?
    ("nslab.engine.local", "nslab.doctor"),  # why did it fail?
    ("nslab.session.lab", "nslab.jupyter.magics"),  # is this a notebook?
    ("nslab.course.lessons.base", "nslab.jupyter.widgets"),  # the same
    ("nslab.session.lab", "nslab.jupyter.widgets"),  # only where they are asked for
    ("nslab.session.capture", "nslab.jupyter.widgets"),
    ("nslab.course.measure.progress", "nslab.jupyter.magics"),  # and where does the bar go?
}

# What may only be used in one place, so that it can be replaced there.
ONLY_IN = {
    "pyroute2": ("nslab.engine.agent",),
    "scapy": ("nslab.frames.dissect", "nslab.session.traffic.scapy_socket"),
    "dnslib": ("nslab.engine.agent",),
    "graphviz": ("nslab.draw",),
    "ipywidgets": ("nslab.jupyter.widgets",),
    "IPython": ("nslab.jupyter.magics",),
    "typer": ("nslab.cli",),
    "rich": ("nslab.cli",),
    "nbformat": ("nslab.cli.notebooks",),
}

# The agent is another process, perhaps on another machine.  Only these run in such a process, or
# read the machine without a lab; nothing that a notebook imports does.
AGENT_FOR = ("nslab.engine.agent", "nslab.engine.refusal.probe", "nslab.cli.show")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def inside(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


def imports(path: Path, *, when_loaded: bool = False) -> Iterator[str]:
    """The modules that a file imports: anywhere in it, or only what loading it imports."""
    todo: list[ast.AST] = [ast.parse(path.read_text())]
    while todo:
        node = todo.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef() if when_loaded:
                continue
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=0) if module:
                # `from nslab import actions` imports nslab.network.actions.
                below = [f"{module}.{alias.name}" for alias in names]
                found = [
                    name
                    for name in below
                    if (ROOT.parent / name.replace(".", "/")).is_dir()
                    or (ROOT.parent / (name.replace(".", "/") + ".py")).exists()
                ]
                yield from found or [module]
            case ast.ImportFrom():
                raise AssertionError(f"{path}: relative import")
            case _:
                todo += ast.iter_child_nodes(node)


def layer(module: str) -> int:
    ranked = [
        (len(prefix), number)
        for number, prefixes in enumerate(LAYERS)
        for prefix in prefixes
        if inside(module, prefix)
    ]
    assert ranked, f"{module} has no layer: give it one here"
    return max(ranked)[1]


def package(module: str) -> str:
    """The longest prefix in the layers that a module belongs to."""
    return max((p for line in LAYERS for p in line if inside(module, p)), key=len)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down_only(path: Path) -> None:
    module = name_of(path)
    if module == "nslab":
        return  # re-exports lazily; the next test says what loading it brings
    for target in imports(path):
        if not inside(target, "nslab") or target == "nslab":
            continue
        if package(target) != package(module):
            if (module, target) in UPWARDS:
                assert target not in imports(path, when_loaded=True), f"{module} loads {target}"
            else:
                assert layer(target) < layer(module), f"{module} imports {target}"


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
    assert ast.get_docstring(ast.parse(path.read_text()))


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


def test_the_layers_name_modules_that_exist() -> None:
    there = {name_of(path) for path in MODULES} | {"nslab.jupyter.widgets"}
    for prefix in (prefix for line in LAYERS for prefix in line):
        assert prefix in there, f"{prefix} is gone: take it out of the layers"


def test_imports_are_found(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(
        "import os.path\nfrom nslab import actions\nfrom nslab.engine.agent import wire as w\n"
        "def later():\n    from pyroute2 import IPRoute\n"
    )
    wanted = {"os.path", "nslab.network.actions", "nslab.engine.agent.rtnl.rtnetlink", "pyroute2"}
    assert set(imports(file)) == wanted
    assert set(imports(file, when_loaded=True)) == wanted - {"pyroute2"}
