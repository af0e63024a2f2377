"""The course as the page's columns: each lesson with its exercises."""

from __future__ import annotations

from typing import Any


def columns() -> list[dict[str, Any]]:
    """The lessons that have exercises, in order."""
    from nslab.course.lessons import every

    return [
        {
            "name": lesson.name,
            "title": lesson.title,
            "exercises": [
                {"id": one.id, "name": one.name, "goal": one.goal} for one in lesson.exercises
            ],
        }
        for lesson in every()
        if lesson.exercises
    ]
