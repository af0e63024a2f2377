"""The docstrings of the public API: parameters that are many are described."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nslab
from nslab import Choice, Exercise, MustNot, WrongAnswer
from nslab.network.actions import Action
from nslab.session.check import Check
from nslab.session.step import Step

MANY = 3
WRITTEN = (Action, Check, Step, Exercise, Choice, MustNot, WrongAnswer)
"""The values that a user writes.  nslab makes the others itself."""


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions, methods and written values that ``nslab`` exports."""
    for name in nslab.__all__:
        value = getattr(nslab, name)
        if inspect.isfunction(value):
            yield name, value
        if inspect.ismodule(value):
            for inner in value.__all__:
                if inspect.isfunction(getattr(value, inner)):
                    yield f"{name}.{inner}", getattr(value, inner)
        if inspect.isclass(value):
            if issubclass(value, WRITTEN):
                yield name, value
            for inner, member in inspect.getmembers(value, inspect.isroutine):
                ours = (getattr(member, "__module__", None) or "").startswith("nslab")
                if ours and not inner.startswith("_"):
                    yield f"{name}.{inner}", member


def parameters(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


LONG = [(name, each) for name, each in functions() if len(parameters(each)) >= MANY]


def test_there_are_some() -> None:
    assert {"Lab.sh", "Lab.run", "AddVeth", "Reaches", "why"} <= {name for name, _ in LONG}


@pytest.mark.parametrize(("name", "function"), LONG, ids=[name for name, _ in LONG])
def test_every_parameter_is_described(name: str, function: Callable[..., Any]) -> None:
    text = inspect.getdoc(function) or ""
    missing = [each for each in parameters(function) if f":param {each}:" not in text]
    assert missing == []
