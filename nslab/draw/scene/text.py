"""A scene as plain text: a tree that says what the picture says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nslab.draw.scene.metrics import printable
from nslab.draw.scene.scene import Box, Cable, Cell, Key, Line, Scene, Scenery
from nslab.network.diff import MARKS, Kind


def text(scene: Scene, said: Callable[[str], str | None] = lambda words: None) -> str:
    """The text form; in a diff every line starts with ``+``, ``~``, ``-`` or a blank.

    :param said: words in another language, or None where they are the same; some have a blank
    """
    lines = [(mark, printable(line)) for mark, line in _Writer(scene, said).lines()]
    if not scene.differs:
        return "\n".join(line for _, line in lines)
    return "\n".join(f"{MARKS[mark] if mark else ' '} {line}" for mark, line in lines)


Marked = tuple[Kind | None, str]


class _Writer:
    def __init__(self, scene: Scene, said: Callable[[str], str | None]) -> None:
        self.scene = scene
        self.said = said
        self.names: dict[Key, str] = {}
        for box in scene.boxes:
            for cell in box.cells():
                self.names[cell.key] = f"{box.label}/{cell.name}"
        self.ends: dict[Key, list[tuple[Cable, Key]]] = {}
        for cable in scene.cables:
            self.ends.setdefault(cable.upper, []).append((cable, cable.lower))
            self.ends.setdefault(cable.lower, []).append((cable, cable.upper))

    def say(self, words: str) -> str:
        """Words as they are to be read."""
        return self.said(words) or words

    def lines(self) -> Iterator[Marked]:
        for box in self.scene.boxes:
            yield from self._box(box)
        if self.scene.rest:
            on = self.scene.rest_on
            at = " " + self.say("on {name}").format(name=self.names[on]) if on else ""
            yield None, self.say(self.scene.rest) + at
        outside = self._outside()
        if outside:
            yield None, self.say("outside")
            for thing in outside:
                yield thing.mark, "  " + " ".join((self.say(thing.name), *thing.addresses))
                for port in thing.ports:
                    yield (
                        "changed" if port.has_changed else None,
                        f"    port {port.name}: {self.say(port.said)}",
                    )
                for line in thing.told:
                    yield line.mark, f"    {self.say(line.text)}"

    def _outside(self) -> list[Scenery]:
        """The world; where only changes count, and none is there, what the host is plugged into."""
        scene, every = self.scene, self.scene.scenery
        ends = [
            [scene.scenery_of.get(key[1], "") for key in (cable.upper, cable.lower)]
            for cable in scene.cables
        ]
        near = {one or other for one, other in ends if bool(one) != bool(other)}
        if not scene.differs or not near or any(thing.mark for thing in every):
            return list(every)
        return [thing for thing in every if thing.label in near]

    def _box(self, box: Box) -> Iterator[Marked]:
        title = self.say(box.title)
        if box.runs and box.title == "container":
            title += ", " + self.say("runs {names}").format(names=", ".join(box.runs))
        yield box.mark, f"{box.label} ({title})"
        inherited = box.mark if box.mark in {"new", "gone"} else None
        for cell in box.uplinks:
            yield from self._cell(cell, "  ")
        for block in box.bridges:
            yield from self._cell(block.bridge, "  ")
            for port in (*block.upper, *block.lower):
                yield from self._cell(port, "    ", "port ")
        for cell in box.others:
            yield from self._cell(cell, "  ")
        for note in (line for line in box.notes if line.text):
            yield note.mark or inherited, f"  {self.say(note.text)}"

    def _cell(self, cell: Cell, indent: str, role: str = "") -> Iterator[Marked]:
        words = [f"{role}{cell.name}"]
        if cell.kind:
            words.append(cell.kind)
        words.append(cell.state)
        words += [line.text for line in cell.lines if not line.mark and line.code]
        words += map(self.say, filter(None, (cell.does, cell.aside, cell.loose)))
        words += [self.say(line.text) for line in cell.lines if not (line.mark or line.code)]
        words = list(filter(None, words))
        first, *rest = words
        text = indent + first + (" " + ", ".join(rest) if rest else "")
        for cable, end in self.ends.get(cell.key, []):
            text += self._end(cable, cable.upper == cell.key, end)
        yield cell.mark, text
        for line in cell.lines:
            if line.mark and line.text:
                yield _mark(cell, line), f"{indent}  {self.say(line.text)}"
        for words_before in cell.told:
            yield "changed", f"{indent}  {self.say(words_before)}"

    def _end(self, cable: Cable, is_upper: bool, end: Key) -> str:
        name = self.names.get(end) or self._worldly(end[1])
        if cable.pair:
            return f" ═ {name}"
        if cable.tunnel:
            return f" ┄ {name}"
        if cable.by:
            return ""  # each of the two links says what it sends
        if is_upper:
            return ", " + self.say("carries {name}").format(name=name)
        return " " + self.say("on {name}").format(name=name)

    def _worldly(self, inode: int) -> str:
        label = self.scene.scenery_of[inode]
        return next(self.say(one.name) for one in self.scene.scenery if one.label == label)


def _mark(cell: Cell, line: Line) -> Kind | None:
    return cell.mark if cell.mark in {"new", "gone"} else line.mark
