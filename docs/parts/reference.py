"""Which public name is on which page of the reference; the texts are the docstrings."""

from __future__ import annotations

import inspect
import operator
from pathlib import Path

import nslab

PAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "lab": (
        "The lab",
        "What you do in a lab, and what it answers.",
        ("nslab.session.lab", "nslab.session.outcome", "nslab.session.traffic", "nslab.draw"),
    ),
    "actions": (
        "Actions",
        "One wanted change each. `lab.do` carries them out; each knows its commands.",
        ("nslab.network.actions",),
    ),
    "checks": (
        "Checks",
        "What must be so. `lab.check` holds them against the kernel.",
        ("nslab.session.check",),
    ),
    "lessons": (
        "Lessons",
        "The lessons as data: their steps, and what must be true after each.",
        (
            "nslab.course.lessons",
            "nslab.course.exercises",
            "nslab.course.pools",
            "nslab.course.progress",
            "nslab.course.puzzles",
            "nslab.session.step",
        ),
    ),
    "network": (
        "What the kernel reports",
        "Frozen values: what there was at one moment, and what changed.",
        ("nslab.network.model", "nslab.network.diff"),
    ),
    "why": (
        "Why it works, or does not",
        "The way of a packet through a snapshot, and what stands in its way.",
        ("nslab.explain",),
    ),
    "frames": (
        "Frames and journeys",
        "What was captured, and the way of a packet.",
        ("nslab.session.capture", "nslab.frames"),
    ),
    "errors": (
        "Errors",
        "Each says what was tried, on what, why it failed and what to do next.",
        ("nslab.errors",),
    ),
}
"""Of each page its title, what it is about, and the homes of its names."""

MODULES = {
    "docker": "A Docker engine in a lab",
    "doctor": "This machine",
    "measure": "What a way costs",
    "netlink": "The bytes that programs send",
}


def names(homes: tuple[str, ...]) -> list[str]:
    """The public names that are defined in some modules, module by module."""
    return [
        name
        for one in homes
        for home, listed in nslab._HOMES.items()
        if home == one or home.startswith(f"{one}.")
        for name in listed
    ]


def members(module: str) -> list[str]:
    """The classes and functions that a module of :data:`MODULES` offers."""
    loaded = getattr(nslab, module)
    listed = getattr(loaded, "__all__", None) or [
        name
        for name, thing in vars(loaded).items()
        if getattr(thing, "__module__", "") == loaded.__name__ and not name.startswith("_")
    ]
    return [name for name in listed if callable(getattr(loaded, name))]


def write(folder: Path) -> None:
    """Write the pages of the reference, and their list."""
    folder.mkdir()
    for page, (title, about, homes) in PAGES.items():
        entries = [_entry(name) for name in names(homes)]
        _write(folder / f"{page}.md", title, about, entries)
    entries = []
    for module, title in MODULES.items():
        heading = f"{title}: nslab.{module}"
        entries += [heading, "-" * len(heading), "", _about(module), ""]
        entries += [_entry(f"{module}.{name}") for name in members(module)]
    _write(folder / "modules.md", "Modules", "What lessons use by a module's name.", entries)


def _write(path: Path, title: str, about: str, entries: list[str]) -> None:
    lines = [f"# {title}", "", about, "", "```{eval-rst}", *entries, "```", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def _about(module: str) -> str:
    """The first sentence of a module's docstring."""
    return (inspect.getdoc(getattr(nslab, module)) or "").partition("\n\n")[0]


def _entry(name: str) -> str:
    thing = operator.attrgetter(name)(nslab)
    if not inspect.isclass(thing):
        return f".. autofunction:: nslab.{name}\n"
    options = ["   :members:"]
    if thing is nslab.Lab:  # its frames and its past are in bases of their own
        options.append("   :inherited-members:")
    if issubclass(thing, Exception):
        options.append("   :show-inheritance:")
    return "\n".join([f".. autoclass:: nslab.{name}", *options, ""])
