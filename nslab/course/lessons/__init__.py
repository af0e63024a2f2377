"""The article's chapters as data: :func:`lesson` finds one by the name of its notebook.

::

    article          the rows of the article
    base             a lesson
    bridge           notebook 02
    cables           notebook 04
    capstone         notebook 16
    costs            notebook 15
    docker_does      notebook 07
    docker_picture   notebook 01
    ipvlan           notebook 13
    macvlan          notebook 12
    names            notebook 06
    namespace        notebook 03
    on_the_wire      notebook 10
    promiscuous      notebook 09
    second_nic       notebook 08
    vlan             notebook 14
    way_out          notebook 05
"""

from __future__ import annotations

import functools
import sys
from importlib.metadata import entry_points
from itertools import pairwise

from msgspec import structs

from nslab.course.lessons import (
    bridge,
    cables,
    capstone,
    costs,
    docker_does,
    docker_picture,
    ipvlan,
    macvlan,
    names,
    namespace,
    on_the_wire,
    promiscuous,
    second_nic,
    vlan,
    way_out,
)
from nslab.course.lessons.base import Lesson, Same
from nslab.errors import InvalidInput
from nslab.network.arguments import checked
from nslab.printable import printable, short

LESSONS: tuple[Lesson, ...] = (
    docker_picture.LESSON,
    bridge.LESSON,
    namespace.LESSON,
    cables.LESSON,
    way_out.LESSON,
    names.LESSON,
    docker_does.LESSON,
    second_nic.LESSON,
    promiscuous.LESSON,
    on_the_wire.LESSON,
    macvlan.LESSON,
    ipvlan.LESSON,
    vlan.LESSON,
    costs.LESSON,
    capstone.LESSON,
)
"""All of them, in order."""

for _one, _next in pairwise(LESSONS):
    structs.force_setattr(_one, "following", (_next.name, _next.title))


GROUP = "nslab.lessons"
"""The entry points by which an installed package brings lessons of its own."""


@functools.cache
def every() -> tuple[Lesson, ...]:
    """The lessons of nslab, then those of installed packages.

    A package names them in its ``pyproject.toml``, each a :class:`Lesson` or several in a tuple::

        [project.entry-points."nslab.lessons"]
        office = "office:LESSONS"

    What cannot be loaded is said on standard error, and left out.
    """
    found = list(LESSONS)
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            loaded = point.load()
            some = (loaded,) if isinstance(loaded, Lesson) else tuple(loaded)
            wrong = [short(repr(one)) for one in some if not isinstance(one, Lesson)]
            if wrong:
                raise TypeError(f"{wrong[0]} is no Lesson")
        except Exception as error:  # somebody else's code may fail in any way
            print(
                f"nslab: the lessons {point.name} ({point.value}) cannot be loaded: "
                f"{type(error).__name__}: {printable(error)}",
                file=sys.stderr,
            )
            continue
        for one in some:
            if one.name in (other.name for other in found):
                print(f"nslab: two lessons are called {printable(one.name)}", file=sys.stderr)
            else:
                found.append(one)
    return tuple(found)


def _called(name: str, lessons: tuple[Lesson, ...]) -> Lesson | None:
    return next((one for one in lessons if name in (one.name, one.name[:2])), None)


@checked
def lesson(name: str) -> Lesson:
    """The lesson of a notebook, by its name or number: ``02-bridge`` or ``02``.

    :raises InvalidInput: there is none of that name
    """
    # One of nslab's own needs no look at what else is installed.
    found = _called(name, LESSONS) or _called(name, every())
    if found is not None:
        return found
    raise InvalidInput(
        "open the lesson",
        short(name),
        "there is none of that name",
        "there are: " + ", ".join(found.name for found in every()),
    )


__all__ = ["LESSONS", "Lesson", "Same", "every", "lesson"]
