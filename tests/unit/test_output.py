"""What a command prints: all of it is kept, and a page shows what it can bear."""

from __future__ import annotations

import pytest

from nslab.session.output import HEAD, TAIL, Output


def feed(output: Output, data: bytes, piece: int = 4096) -> None:
    for start in range(0, len(data), piece):
        output("stdout", data[start : start + piece])
    output.finish()


def test_a_million_lines(capsys: pytest.CaptureFixture[str]) -> None:
    text = "".join(f"{number}\n" for number in range(1, 200_001))
    output = Output(True, "lab.last")
    feed(output, text.encode())
    shown = capsys.readouterr().out
    assert output.text["stdout"] == text
    assert len(shown) < HEAD + TAIL + 200
    head, note, tail = shown.partition("… ")
    assert text.startswith(head)
    assert head.endswith("\n")
    note, _, tail = tail.partition(" …\n")
    assert text.endswith("\n" + tail)
    left = 200_000 - head.count("\n") - tail.count("\n")
    assert note == f"{left:,} lines are not shown: all of it is in lab.last.stdout"


@pytest.mark.parametrize("length", [0, 10, HEAD, HEAD + 1, HEAD + TAIL, HEAD + 2 * TAIL])
def test_what_is_not_much_longer_is_shown_whole(
    capsys: pytest.CaptureFixture[str], length: int
) -> None:
    text = ("x" * 79 + "\n") * (length // 80)
    feed(Output(True, "lab.last"), text.encode())
    assert capsys.readouterr().out == text


def test_one_endless_line(capsys: pytest.CaptureFixture[str]) -> None:
    feed(Output(True, "lab.last"), b"y" * 300_000)
    shown = capsys.readouterr().out
    assert len(shown) < HEAD + TAIL + 200
    assert f"\n… {300_000 - HEAD - TAIL:,} characters are not shown" in shown


def test_a_character_in_two_pieces(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(True, "lab.last")
    feed(output, "ä€\n".encode(), piece=1)
    assert capsys.readouterr().out == output.text["stdout"] == "ä€\n"


def test_where_nothing_is_kept_all_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    feed(Output(True), b"z\n" * 100_000)
    assert len(capsys.readouterr().out) == 200_000
