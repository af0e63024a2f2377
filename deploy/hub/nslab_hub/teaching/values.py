"""What learners' servers and the page send: somebody else's word, which is measured here.

A learner can send what they like about themselves, and nothing about others: whose it is, the hub
says.  Marks come from none of it.
"""

from __future__ import annotations

import time
from typing import Annotated

from msgspec import Meta, Struct

Short = Annotated[str, Meta(max_length=200)]
Name = Annotated[str, Meta(max_length=80, pattern=r"^[\w.-]+$")]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]


class Exercise(Struct, frozen=True):
    """How far a learner is with one exercise; the same as in the learner's own file.

    :param changed: when it last changed, ISO 8601
    """

    passed: bool = False
    tries: Count = 0
    hints: Count = 0
    solution: bool = False
    seconds: Seconds = 0.0
    changed: Annotated[str, Meta(max_length=40)] = ""


class Report(Struct, frozen=True):
    """What a learner's server says of its learner.

    :param notebook: the lesson that is open in front; empty for none, or for a file that is no
        lesson
    :param heading: the heading above the cell in use
    :param sharing: whether the learner lets the teacher look into the labs
    """

    notebook: Short = ""
    heading: Short = ""
    sharing: bool = False
    exercises: Annotated[dict[Name, Exercise], Meta(max_length=500)] = {}


Language = Annotated[str, Meta(pattern="^[a-z]{2}$")]


class Question(Struct, frozen=True):
    """What a teacher wants to see of a learner's lab.

    :param lab: the process that stands for it; 0 for the newest
    :param ns: from which namespace; empty for the picture alone
    :param target: an address, ADDRESS:PORT or a name
    :param language: in which it is to be told, such as ``de``
    """

    id: Name
    teacher: Short
    language: Language = "en"
    lab: Count = 0
    ns: Short = ""
    target: Short = ""


class Seen(Struct, frozen=True):
    """One running lab of a learner's."""

    pid: Count
    name: Short
    age: Seconds


class Answer(Struct, frozen=True):
    """What a learner's server answers to a question.

    :param refused: why there is nothing; empty if there is
    :param said: the words of ``why``
    :param picture: the lab as SVG; shown as an image, in which no script runs
    """

    id: Name
    refused: Annotated[str, Meta(max_length=2000)] = ""
    lab: Count = 0
    labs: Annotated[tuple[Seen, ...], Meta(max_length=200)] = ()
    namespaces: Annotated[tuple[Short, ...], Meta(max_length=1000)] = ()
    addresses: Annotated[tuple[Short, ...], Meta(max_length=1000)] = ()
    said: Annotated[str, Meta(max_length=20_000)] = ""
    picture: Annotated[str, Meta(max_length=2_000_000)] = ""


class Announcement(Struct, frozen=True):
    """What a teacher says to all.

    :param at: seconds since 1970
    """

    id: Name
    text: Annotated[str, Meta(min_length=1, max_length=500)]
    teacher: Short
    at: float


def now() -> float:
    """Seconds since 1970, as a page reckons."""
    return time.time()
