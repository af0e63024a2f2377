"""No name, whatever it is, reaches a terminal or a page as anything but text that can be shown."""

from __future__ import annotations

import unicodedata
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from snapshots import link, loopback

from nslab import HasLink, HasNamespace, Picture, compare, why
from nslab.network.model import Namespace, Process, Snapshot

ODD = st.text(
    st.one_of(
        st.sampled_from("\x1b\x07\x9b\x00\r\u202e\u2066\u200b\u2028\n\t[];<>&\"'a"),
        st.characters(exclude_categories=["Cs"]),
    ),
    min_size=1,
    max_size=12,
)


def made_up(link_name: str, label: str, file: str, program: str) -> Snapshot:
    host = Namespace(
        inode=1,
        label="host",
        role="host",
        links=(loopback(True), link(link_name, 2, "192.168.10.1/24")),
        processes=(Process(pid=7, command=program),),
    )
    other = Namespace(
        inode=2,
        label=label,
        role="named",
        names=(label,),
        links=(loopback(), link(link_name, 2, state="down")),
        processes=(Process(pid=8, command=program),),
    )
    return Snapshot(title="lab", namespaces=(host, other), files={file: program})


def assert_showable(value: Any) -> None:
    forms = [str(value), repr(value)]
    if hasattr(value, "_repr_mimebundle_"):
        forms += value._repr_mimebundle_().values()
    for form in forms:
        odd = {c for c in form if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
        assert odd <= {"\n", "\t"}, (odd, form)


@settings(max_examples=60, deadline=None)
@given(ODD, ODD, ODD, ODD)
def test_whatever_a_name_is(link_name: str, label: str, file: str, program: str) -> None:
    snapshot = made_up(link_name, label, file, program)
    empty = Snapshot(title="lab", namespaces=(Namespace(inode=1, label="host", role="host"),))
    for changes in (compare(empty, snapshot), compare(snapshot, empty)):
        assert_showable(changes)
        assert_showable(Picture(changes))
    assert_showable(Picture(snapshot))
    assert_showable(why(snapshot, None, "192.168.10.9"))
    assert_showable(why(snapshot, None, "8.8.8.8"))
    assert_showable(HasLink(link_name.replace("\0", "")).judge(empty))
    assert_showable(HasNamespace(label.replace("\0", "")).judge(empty))
