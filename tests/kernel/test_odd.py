"""Odd texts and odd names in a real lab: said rightly, and no reason to fall silent."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from nslab import InvalidInput, Lab, NslabError


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(name=f"odd-{os.getpid()}") as made:
        yield made


@pytest.mark.parametrize("text", ["echo \udcff", "echo a\0b", None, b"true", 7, ["true"]])
def test_lines_that_no_shell_can_be_given(lab: Lab, text: Any) -> None:
    with pytest.raises(InvalidInput, match=r"text="):
        lab.sh(text)
    with pytest.raises(InvalidInput):
        lab.run("echo", text)
    with pytest.raises(InvalidInput):
        lab.run("cat", stdin=text)
    assert lab.sh("echo well").stdout == "well\n"


def test_a_line_of_300_kb(lab: Lab) -> None:
    long = "echo " + "y" * 300_000
    assert lab.sh(f"{long} | wc -c").stdout == "300001\n"
    said = lab.sh(f"false # {long}\necho $0 $LINENO; read word; echo got:$word\nls /not-there")
    assert said.stdout.splitlines() == ["bash 2", "got:"]
    assert (said.failures[0].line, said.failures[0].code) == (1, 1)
    assert said.failures[-1].line == 3
    with pytest.raises(InvalidInput, match="too long"):
        lab.run("echo", "y" * 200_000)


ODD_LINK = r"$'q\x07\x9b'"


def test_a_link_whose_name_is_no_text_silences_nothing(lab: Lab) -> None:
    lab.sh(f"ip link add {ODD_LINK} type bridge; ip link set {ODD_LINK} up")
    try:
        name = r"q\x07\x9b"
        assert name in [link.name for link in lab.snapshot().host.links]
        with lab.capture() as seen:
            assert name in seen.links
            lab.ping(None, "198.51.100.1")
        assert any(str(frame.place) == "eth0" for frame in seen.frames), seen.notes
        assert not any("called" in note or "broke" in note for note in seen.notes), seen.notes
        for shown in (lab.changes, lab.picture, seen.table(), lab.why(None, "198.51.100.1")):
            assert_showable(shown)
        assert name in str(lab.changes)
    finally:
        lab.sh(f"ip link del {ODD_LINK}")


def test_files_namespaces_and_processes_of_odd_names(lab: Lab) -> None:
    lab.sh(
        r"touch $'/etc/f\x1b[2J\xff'; ip netns add $'n\x1b]0;x\x07'; ip netns add $'m\xe2\x80\xae'"
    )
    lab.sh(r"bash -c $'exec -a \'p\x1b[31m\xff\' sleep 1000' &")
    found = lab.snapshot()
    assert r"n\x1b]0;x\x07" in [ns.label for ns in found]
    assert any(r"f\x1b[2J\xff" in name for name in found.files)
    for shown in (lab.changes, lab.picture, lab.sh(r"$'no\x1b[2Jprogram'")):
        assert_showable(shown)
    lab.reset()


def test_what_is_no_network_namespace_among_the_names(lab: Lab) -> None:
    """As when `touch` and `mount --bind` are typed one after the other."""
    lab.sh(
        "mkdir -p /run/netns/folder; touch /run/netns/file; mkfifo /run/netns/pipe\n"
        "ln -s /proc/4194303/ns/net /run/netns/nowhere; ln -s /proc/$$/ns/mnt /run/netns/mounts"
    )
    assert not {"folder", "file", "pipe", "nowhere", "mounts"} & {ns.label for ns in lab.snapshot()}
    lab.sh("mount --bind /proc/self/ns/net /run/netns/file; ip netns add ns1")
    assert lab.snapshot().host.names == ("file",)
    assert lab.snapshot().namespace("ns1")
    lab.reset()


def assert_showable(value: Any) -> None:
    """No text form has anything that a terminal obeys or that turns the direction."""
    forms = [str(value), repr(value)]
    if hasattr(value, "_repr_mimebundle_"):
        forms += value._repr_mimebundle_().values()
    for form in forms:
        odd = {c for c in form if unicodedata.category(c) in ("Cc", "Cf", "Cs")} - {"\n", "\t"}
        assert not odd, (odd, form[:200])


def test_errors_show_names_as_they_may_be_shown() -> None:
    error = NslabError("add bridge", "q\x1b[2J", "it is \u202e there", "see\nwell \x9b")
    assert str(error) == (
        "cannot add bridge q\\x1b[2J: it is \\u202e there\n  → see\n  → well \\x9b"
    )
