"""Frames: a sequence of frames that shows itself as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from nslab.errors import InvalidInput
from nslab.frames.summary import Names, summarise
from nslab.frames.table import ROWS, Table
from nslab.network.arguments import check, checked, writing
from nslab.network.model import Frame, Place
from nslab.printable import short

if TYPE_CHECKING:
    from nslab.frames.opened import Opened


class Frames:
    """Frames in the order in which they passed.

    ``frames[3]`` opens number 3 of the table, ``frames[-1]`` the last; ``frames[3:6]`` are those
    from number 3 on and before number 6.  ``notes`` says what is missing.
    """

    def __init__(
        self,
        frames: Sequence[Frame] | Callable[[], Sequence[Frame]],
        macs: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        notes: Sequence[str] = (),
        dropped: Mapping[str, int] | None = None,
        links: Mapping[Place, bool] | None = None,
        file: Callable[[], Iterable[bytes | bytearray]] | None = None,
    ) -> None:
        self._given = frames, macs
        self._links = dict(links or {})  # where it was captured; whether these are Ethernet
        self._file = file  # the pieces of a pcapng file of these frames, if it needs no values
        self.notes = tuple(notes)
        self.dropped = dict(dropped or {})
        """By place, how many frames are missing: dropped by the kernel, or beyond the bound."""

    # To make values of the kernel's blocks takes far longer than to capture them: it is put off.

    @cached_property
    def _frames(self) -> Sequence[Frame]:
        frames, _ = self._given
        return frames() if callable(frames) else tuple(frames)

    @cached_property
    def _macs(self) -> Mapping[str, str]:
        _, macs = self._given
        return macs() if callable(macs) else macs or {}

    # -- a sequence ----------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)

    @overload
    def __getitem__(self, key: int) -> Opened: ...
    @overload
    def __getitem__(self, key: slice) -> Frames: ...
    def __getitem__(self, key: int | slice) -> Opened | Frames:
        if isinstance(key, slice):
            for end in (key.start, key.stop):
                check("take frames", "from or to", end, "int | None")
            first, behind, _ = slice(key.start, key.stop).indices(
                self._frames[-1].number + 1 if self._frames else 0
            )
            return self.select(lambda frame: first <= frame.number < behind)
        from nslab.frames.opened import Opened

        if not isinstance(key, int):
            raise InvalidInput(
                "open the frame", short(key), "frames have numbers", "such as frames[3]"
            )
        if -len(self) <= key < 0:
            return Opened(self._frames[key], self._macs)
        for frame in self._frames:
            if frame.number == key:
                return Opened(frame, self._macs)
        raise IndexError(f"of {len(self)} frames, none has the number {short(key)}")

    @checked
    def at(self, *places: str) -> Frames:
        """Those that were seen at these places, such as ``"ns1/eth0"``.

        :raises InvalidInput: none was seen at such a place, and nothing was captured there
        """
        there = {str(frame.place) for frame in self._frames} | {str(one) for one in self._links}
        for place in places:
            if place not in there:
                raise InvalidInput(
                    "show the frames at",
                    repr(place),
                    "none was seen there",
                    f"there are frames at: {', '.join(sorted(there)) or 'no place'}",
                )
        return Frames(
            [frame for frame in self._frames if str(frame.place) in places],
            self._macs,
            self.notes,
            {place: count for place, count in self.dropped.items() if place in places},
            {place: ether for place, ether in self._links.items() if str(place) in places},
        )

    @checked
    def select(self, wanted: Callable[[Frame], object]) -> Frames:
        """Those that a function is true for."""
        return self._some([frame for frame in self._frames if wanted(frame)])

    @checked
    def saying(self, text: str) -> Frames:
        """Those whose line in the table has a text in it, such as ``"echo request"``."""
        names = Names(self._macs)
        return self._some([f for f in self._frames if text in summarise(f, names).what])

    def _some(self, frames: Sequence[Frame]) -> Frames:
        return Frames(frames, self._macs, self.notes, self.dropped, self._links)

    # -- what it looks like --------------------------------------------------------------------

    @checked
    def table(self, *, times: bool = False, macs: bool = False, rows: int = ROWS) -> Table:
        """The frames as a table.

        :param times: show the milliseconds since the capture began
        :param macs: show the Ethernet addresses too
        :param rows: how many are shown at most
        """
        return Table(
            self._frames, self._macs, self.notes, times=times, with_macs=macs, longest=rows
        )

    def __str__(self) -> str:
        return str(self.table())

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.table()._repr_mimebundle_()

    @checked
    def to_pcapng(self, path: str | Path) -> Path:
        """Write a file that Wireshark and tshark open, with the links' names; returns its path."""
        from nslab.frames import pcapng

        pieces: Iterable[bytes | bytearray]
        if self._file:
            pieces = self._file()
        else:
            pieces = (pcapng.encode(self._frames, self.dropped, self._links),)
        target = Path(path)
        with writing("write the frames to", target), target.open("wb") as file:
            file.writelines(pieces)
        return target
