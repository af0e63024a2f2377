"""What a text refers to is there: modules, classes, methods by their roles, files by their paths.

Checked are docstrings and comments of the package, the tests and the benchmarks, and the Markdown
at the top and in docs/.
"""

from __future__ import annotations

import importlib
import re
import tokenize
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(
    path
    for folder in ("nslab", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "notebooks" not in path.relative_to(ROOT / folder).parts
)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks/README.md"])
HISTORY = {"CHANGELOG.md"}
"""Tells of what was, too."""

ROLE = re.compile(r":(mod|class|func|meth|data|attr|exc):`([^`]+)`")
FOLDERS = "nslab|tests|benchmarks|notebooks|script|docs|binder|deploy|examples|requirements"
PATH = re.compile(rf"(?<![\w./~-])((?:{FOLDERS})/[\w./*<>{{}}-]*\w)")

OUTSIDE = {"subprocess", "struct", "threading"}
"""Modules of others that texts refer to."""


def texts(path: Path) -> str:
    """The comments and strings of a file, a docstring being a string."""
    with tokenize.open(path) as file:
        wanted = (tokenize.COMMENT, tokenize.STRING)
        found = [
            one.string for one in tokenize.generate_tokens(file.readline) if one.type in wanted
        ]
    # A string that is put together, or names a directory of the running lab, names no file here.
    return "\n".join(one for one in found if one[:1] in "#" or one.startswith(('"""', "'''")))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def find(dotted: str) -> Any:
    """What a dotted name stands for; LookupError if it stands for nothing."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part) and part not in getattr(found, "__annotations__", {}):
                raise LookupError(dotted)
            found = getattr(found, part, None)
        return found
    raise LookupError(dotted)


def resolves(path: Path, role: str, target: str) -> bool:
    """Whether a role's target is there: absolute, in the module, or in a class of the module."""
    name = target.lstrip("~").split("<")[-1].rstrip(">").removesuffix("()")
    tries = [name]
    if path.suffix == ".py" and ROOT / "nslab" in path.parents:
        module = name_of(path)
        tries.append(f"{module}.{name}")
        tries += [
            f"{module}.{kind}.{name}"
            for kind, value in vars(importlib.import_module(module)).items()
            if isinstance(value, type)
        ]
    for one in tries:
        try:
            find(one)
        except LookupError:
            continue
        return True
    if ROOT / "nslab" not in path.parents:  # beside the package: what the file itself defines
        last = re.escape(name.rpartition(".")[2])
        beside = path.with_name(f"{name}.py").exists()
        if beside or re.search(rf"^ *(def|class) {last}\b|^{last}\b.*=", path.read_text(), re.M):
            return True
    return name.partition(".")[0] in OUTSIDE


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_code_refers_to_is_there(path: Path) -> None:
    text = texts(path)
    lost = [m[0] for m in ROLE.finditer(text) if not resolves(path, m[1], m[2])]
    assert not lost, f"no such thing: {lost}"
    if "tests" not in path.relative_to(ROOT).parts[:1]:
        assert not missing(text), f"no such file: {missing(text)}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_pages_refer_to_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name not in HISTORY:
        assert not missing(text), f"no such file: {missing(text)}"
        dotted = set(re.findall(r"`(nslab(?:\.\w+)+)`", text))
        lost = [name for name in dotted if not resolves(path, "mod", name)]
        assert not lost, f"no such thing: {lost}"
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), f"a link to nothing: {target}"


def missing(text: str) -> list[str]:
    """The paths of the checkout that a text names and that are not there."""
    lost = []
    for found in PATH.findall(text):
        pattern = re.sub(r"[A-Z]{2,}|<\w+>|\{\w+\}", "*", found)  # FAMILY, NAME: for any
        if not any(ROOT.glob(pattern)):
            lost.append(found)
    return lost


def test_what_is_gone_is_noticed() -> None:
    code = ROOT / "nslab/session/lab.py"
    assert resolves(code, "meth", "reset")
    assert resolves(code, "class", "~nslab.session.lab.Lab")
    assert not resolves(code, "mod", "nslab.frames.ring")
    assert missing("see nslab/check.py and nslab/errors.py, docs/*.svg") == ["nslab/check.py"]
