"""What a public call is given is looked at before anything is done with it.

A learner's slip (None from a failed look-up, bytes, a list in a list) would surface somewhere below
as a TypeError about something else.  The annotations say what is wanted, so they are what is
checked: texts that UTF-8 can say, without a zero byte; numbers that a message can hold.  What is
annotated otherwise is its user's to check.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from nslab.errors import InvalidInput, NslabError, WrongCall
from nslab.printable import short

if TYPE_CHECKING:
    from inspect import Signature

F = TypeVar("F", bound=Callable[..., Any])

MOST = (1 << 63) - 1
"""The largest whole number of a message (MessagePack has a bit more, the kernel less)."""

_WORDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "True or False",
    "None": "None",
    "Path": "a path",
    "range": "a range",
    "Callable": "a function",
    "Snapshot": "a snapshot (lab.snapshot())",
    "Diff": "a difference of two snapshots",
    "Memory": "a memory of pictures",
    "Lab": "a lab",
    "Style": "'classic' or 'iproute2'",
}
"""What an annotation may name, and in words; classes of ours by their names."""


def wrong(value: object, kinds: tuple[str, ...]) -> str:
    """What is wrong with a value that should be of one of some kinds; nothing if it is right."""
    if value is None and "None" in kinds:
        return ""
    if isinstance(value, bool):
        if "bool" in kinds:
            return ""
    elif isinstance(value, str):
        if "str" in kinds:
            return _wrong_text(value)
        if "Style" in kinds and value in ("classic", "iproute2"):
            return ""
    elif isinstance(value, int):
        if "int" in kinds or "float" in kinds:
            return "" if abs(value) <= MOST else "the number is too large"
    elif isinstance(value, float) and "float" in kinds:
        return "" if math.isfinite(value) and abs(value) <= MOST else "that is no usable number"
    elif "Path" in kinds and _is_path(value):
        return _wrong_text(str(value))
    else:
        named = {base.__name__ for base in type(value).__mro__}
        if callable(value):
            named.add("Callable")
        if not named.isdisjoint(kinds):
            return ""
    return "it must be " + " or ".join(_WORDS[kind] for kind in kinds)


def _is_path(value: object) -> bool:
    """Whether it is one of pathlib's, without reading pathlib, which an agent needs for nothing."""
    return any(base.__name__ == "PurePath" for base in type(value).__mro__)


def _wrong_text(value: str) -> str:
    if "\0" in value:
        return "it holds a zero byte, which would end a text"
    if value.isascii():
        return ""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"{value[error.start]!r} is half a character, which UTF-8 cannot say"
    return ""


@functools.cache
def kinds_of(annotation: str) -> tuple[str, ...]:
    """The kinds that an annotation names; none if it names anything else."""
    kinds = tuple(part.strip().partition("[")[0] for part in annotation.split("|"))
    return kinds if all(kind in _WORDS for kind in kinds) else ()


def check(operation: str, name: str, value: object, annotation: str) -> None:
    """Raise InvalidInput for a value that is not what its annotation says."""
    kinds = kinds_of(annotation)
    if kinds:
        _hold(operation, name, value, kinds)


def _hold(operation: str, name: str, value: object, kinds: tuple[str, ...]) -> None:
    cause = wrong(value, kinds)
    if cause:
        raise InvalidInput(operation, f"{name}={short(value)}", cause)


def _signature(call: Callable[..., Any]) -> Signature:
    # Here, because a lab's agent has the actions, calls nothing of this, and starts a tenth sooner.
    import inspect

    return inspect.signature(call)


def checked(call: F) -> F:
    """A method that looks at its arguments first.

    :raises InvalidInput: one is not what its annotation says; there are too few or too many, or one
        has a wrong name (also a TypeError)
    """
    parameters = _signature(call).parameters.values()
    kinds = {p.name: found for p in parameters if (found := kinds_of(str(p.annotation)))}
    ordered = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    several = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "")
    operation = call.__name__.strip("_")

    # Signature.bind() would do the same, and take longer than a small question to a lab.
    @functools.wraps(call)
    def looked(*args: Any, **kwargs: Any) -> Any:
        for name, value in (*zip(ordered, args, strict=False), *kwargs.items()):
            if name in kinds:
                _hold(operation, name, value, kinds[name])
        if several in kinds:
            for value in args[len(ordered) :]:
                if isinstance(value, list | tuple):
                    raise InvalidInput(
                        operation,
                        short(value),
                        "these are given one after another, not as a list",
                        f"such as {operation}({', '.join(map(short, value[:3]))})",
                    )
                _hold(operation, several, value, kinds[several])
        try:
            return call(*args, **kwargs)
        except TypeError:
            cause = misfit(call, args, kwargs)
            if not cause:
                raise
        raise WrongCall("call", operation, cause, f"write {form(call)}")

    return cast(F, looked)


def misfit(call: Callable[..., Any], args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """Why a call cannot take these arguments; nothing if it can."""
    try:
        _signature(call).bind(*args, **kwargs)
    except TypeError as error:
        return str(error)
    return ""


def form(call: Callable[..., Any]) -> str:
    """How a function, a method or a class is called.

    >>> form(misfit)
    'misfit(call, args, kwargs)'
    """
    words = []
    for p in _signature(call).parameters.values():
        if p.name == "self" or p.name.startswith("_"):
            continue
        if p.kind is p.VAR_POSITIONAL:
            words.append(f"{p.name}, …")
        elif p.default is p.empty:
            words.append(p.name)
        else:
            words.append(f"{p.name}={short(p.default)}")
    name = call.__qualname__.removesuffix(".__init__").rpartition(".")[2]
    owner = "lab." if call.__qualname__.startswith(("Lab.", "Past.", "Traffic.")) else ""
    return f"{owner if name[0].islower() else ''}{name}({', '.join(words)})"


@functools.cache
def fields_of(kind: Any) -> tuple[tuple[str, str], ...]:
    """The fields of a value's class that can be checked, with their annotations."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        for name, annotation in vars(each).get("__annotations__", {}).items():
            if isinstance(annotation, str) and kinds_of(annotation):
                found[name] = annotation
    return tuple(found.items())


def check_fields(value: object) -> None:
    """Raise InvalidInput if a field of a value is not what its annotation says."""
    for name, annotation in fields_of(type(value)):  # type: ignore[arg-type]
        check(type(value).__name__, name, getattr(value, name), annotation)


@contextlib.contextmanager
def writing(operation: str, path: object) -> Iterator[None]:
    """Say in nslab's words what is wrong with a file that a user named.

    :raises NslabError: it cannot be written
    """
    try:
        yield
    except OSError as error:
        raise NslabError(
            operation, short(path), error.strerror or str(error), "name a file that you may write"
        ) from error
