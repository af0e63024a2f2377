"""The same lesson in a notebook: a lab at its start, a step, its checks."""

from course import LESSON

lab = LESSON.lab()
print(LESSON["S1"].guess)
lab.sh(LESSON["S1"].typed)
print(lab.check(LESSON["S1"]))
print(LESSON.same("S2"))
lab.close()
