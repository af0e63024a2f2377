"""Pictures of a network: a snapshot, or what changed between two, as SVG, text and dot.

>>> from nslab.draw import Picture
>>> picture = Picture(lab.snapshot())                           # doctest: +SKIP
>>> picture.save("lab.svg")                                     # doctest: +SKIP

::

    layout/   where everything goes
    paint/    how a picture looks
    path/     the way of a packet, drawn on a picture
    scene/    what is to be drawn, in words
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

from nslab.draw.layout.memory import Memory
from nslab.draw.layout.place import Placed, place
from nslab.draw.paint.cell import in_a_cell
from nslab.draw.paint.svg import svg
from nslab.draw.path.way import Way, way
from nslab.draw.scene.compose import compose
from nslab.draw.scene.dot import source
from nslab.draw.scene.metrics import said_as
from nslab.draw.scene.scene import Scene
from nslab.draw.scene.text import text
from nslab.errors import InvalidInput
from nslab.network.arguments import checked, writing
from nslab.network.diff import Diff
from nslab.network.model import Snapshot

__all__ = ["Memory", "Picture", "Way", "dot_source", "way", "worded"]


_MADE = frozenset(("dot", "html", "placed", "svg", "text"))
"""What a picture keeps once it was asked for it."""


def dot_source(what: Snapshot | Diff) -> str:
    """The network in Graphviz's language, complete with labels; needs no ``dot``."""
    return source(compose(what))


class Picture:
    """The drawing of a snapshot or of a diff; nothing is computed until it is asked for.

    :param stage: what is remembered of the pictures before, so that nothing jumps; a lab has one
    :param said: by a namespace's inode: what more is said of it, a line each
    :param whole: draw every namespace; else, of very many, some stand for the rest
    :param plain: draw only what is there: not what is missing, and nothing is marked as wrong
    """

    @checked
    def __init__(
        self,
        what: Snapshot | Diff,
        stage: Memory | None = None,
        said: Mapping[int, Sequence[str]] | None = None,
        *,
        whole: bool = False,
        plain: bool = False,
    ) -> None:
        self.what = what
        self._said = said or {}
        self._is_whole = whole
        self._is_plain = plain
        self._stage = stage

    @cached_property
    def _scene(self) -> Scene:
        return compose(self.what, self._said, whole=self._is_whole, plain=self._is_plain)

    @cached_property
    def placed(self) -> Placed:
        """Where everything is: for what wants to draw on it."""
        return place(self._scene, self._stage)

    @property
    def folded(self) -> int:
        """How many namespaces are left out, because the rest stands for them."""
        return self._scene.rest_count

    @cached_property
    def svg(self) -> str:
        """A file of its own, readable on a light and on a dark ground."""
        return svg(self.placed, self.text, standalone=True)

    @cached_property
    def html(self) -> str:
        """The same to put into a page: it takes the colour of the text around it."""
        return svg(self.placed, self.text, standalone=False)

    @property
    def output(self) -> str:
        """The same for a notebook's output: in its middle, and moved where it is too wide."""
        return in_a_cell(self.html)

    @cached_property
    def text(self) -> str:
        """The same as a tree of lines."""
        return text(self._scene)

    @cached_property
    def dot(self) -> str:
        """The same in Graphviz's language."""
        return source(self._scene)

    def _anew(self, said: Callable[[str], str | None]) -> Self:
        """The same once more, described in other words, and with nothing of it remembered."""
        other = copy(self)
        for name in _MADE & set(other.__dict__):
            del other.__dict__[name]
        other._stage = deepcopy(self._stage)
        other.__dict__["text"] = text(self._scene, said)
        return other

    @checked
    def save(self, path: str | Path) -> Path:
        """Write the picture in the form that the suffix names: .svg, .dot or .txt."""
        path = Path(path)
        forms = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".txt": "text"}
        if path.suffix not in forms:
            raise InvalidInput(
                "save the picture as",
                str(path),
                f"{path.suffix or 'no suffix'} is not a format it has",
                "give a name that ends in .svg, .dot or .txt",
            )
        form = getattr(self, forms[path.suffix])
        with writing("save the picture as", path):
            path.write_text(form if form.endswith("\n") else form + "\n", encoding="utf-8")
        return path

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        return {"text/html": self.output, "text/plain": self.text}


def worded(picture: P, said: Callable[[str], str | None], *, standalone: bool = False) -> P:
    """A picture with room for its words in another language, which others put in; drawn already.

    Its description is in that language.  Where things stand is remembered as it is in English:
    pictures do not depend on who looks.

    :param said: a text in that language, or None where it is the same
    :param standalone: whether ``svg`` is wanted, and not ``html``
    """
    _ = picture.placed
    other = picture._anew(said)
    with said_as(said):
        _ = other.svg if standalone else other.html
    return other


P = TypeVar("P", bound=Picture)
