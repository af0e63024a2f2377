"""16: the capstone: a network to a specification, and faults in it that nobody announces."""

from __future__ import annotations

from nslab.course.exercises import capstone as exercises
from nslab.course.lessons.base import Lesson

LESSON = Lesson(
    name="16-capstone",
    title="The capstone",
    goals=(
        "whether you can build two containers' network from nothing, by any means",
        "whether you can find a fault of which you are told the symptom only",
    ),
    exercises=exercises.EXERCISES,
)
