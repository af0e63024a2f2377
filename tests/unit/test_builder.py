"""The builder without a browser, on a lab in memory: forms, checks, the log, the way back."""

from __future__ import annotations

import html
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from traitlets import TraitError
from waiting import until

from nslab import Lab
from nslab.errors import InvalidInput
from nslab.jupyter.widgets import Builder
from nslab.jupyter.widgets.builder import STYLES
from nslab.jupyter.widgets.forms import FORMS
from nslab.network import actions as act
from nslab.session.history import Typed


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(engine="fake") as made:
        yield made


@pytest.fixture
def builder(lab: Lab) -> Iterator[Builder]:
    made = lab.builder()
    yield made
    made.close()


def fill(builder: Builder, title: str, **values: Any) -> None:
    """Choose a step and fill its form in, as a person does: from the left to the right."""
    builder._what.value = title
    for name, value in values.items():
        until(partial(chosen, builder, name, value))


def chosen(builder: Builder, name: str, value: Any) -> bool:
    """Whether it could be chosen: what there is to choose comes a moment after what was made."""
    try:
        builder._fields[name].value = value
    except TraitError:
        return False
    return True


def do(builder: Builder, title: str, **values: Any) -> None:
    fill(builder, title, **values)
    done = len(builder._lab.steps)
    assert not builder._do.disabled, builder._message.value
    builder._do.click()
    until(lambda: len(builder._lab.steps) > done and builder._worker._thread is None)


ARTICLE: list[tuple[str, dict[str, Any]]] = [
    ("Add a bridge", {"name": "lxcbr0"}),
    ("Spanning tree", {"ns": "host", "name": "lxcbr0", "stp": False}),
    ("Add an address", {"ns": "host", "link": "lxcbr0", "address": "192.168.10.1/24"}),
    ("Set up", {"ns": "host", "link": "lxcbr0"}),
    ("Add a namespace", {"name": "ns1"}),
    ("Set up", {"ns": "ns1", "link": "lo"}),
    ("Add a veth pair", {"name": "veth-ns1", "ns": "host", "peer": "lxcbr0.1", "peer_ns": "host"}),
    ("Move to another namespace", {"ns": "host", "link": "veth-ns1", "to": "ns1"}),
    ("Rename", {"ns": "ns1", "link": "veth-ns1", "name": "eth0"}),
    ("Add an address", {"ns": "ns1", "link": "eth0", "address": "192.168.10.11/24"}),
    ("Set up", {"ns": "ns1", "link": "eth0"}),
    ("Attach to a bridge", {"ns": "host", "link": "lxcbr0.1", "bridge": "lxcbr0"}),
    ("Set up", {"ns": "host", "link": "lxcbr0.1"}),
    ("Add a route", {"ns": "ns1", "destination": "default", "via": "192.168.10.1"}),
    ("Kernel setting", {"ns": "host", "key": "net.ipv4.ip_forward", "value": "1"}),
    ("Masquerade", {"ns": "host", "source": "192.168.10.0/24", "out": "eth0"}),
    ("Name server", {"ns": "ns1", "nameserver": "8.8.8.8"}),
]


def test_the_builder_alone_makes_the_articles_network(lab: Lab, builder: Builder) -> None:
    from nslab.course.lessons import lesson

    for title, values in ARTICLE:
        do(builder, title, **values)
    names = lesson("06")
    wanted = (*lesson("05").state_after(), *names["F1"].actions)
    with Lab(engine="fake", start=wanted) as other:
        assert lab.snapshot().canonical() == other.snapshot().canonical()
    builder._style.value = "brctl, ifconfig"
    log = builder._log.value
    for line in (
        "brctl addbr lxcbr0",
        "ifconfig lxcbr0 192.168.10.1/24 up",
        "ip netns add ns1",
        "ip link add veth-ns1 type veth peer name lxcbr0.1",
        "brctl addif lxcbr0 lxcbr0.1",
        "ip netns exec ns1 ifconfig eth0 192.168.10.11/24 up",
    ):
        assert line in log
    builder._style.value = "Python"
    assert "lab.do(Move(&quot;veth-ns1&quot;, to=&quot;ns1&quot;))" in builder._log.value


def test_its_python_makes_the_same_again(lab: Lab, builder: Builder) -> None:
    for title, values in ARTICLE[:5]:
        do(builder, title, **values)
    made: dict[str, Any] = {}
    exec(builder.python().replace("Lab()", 'Lab(engine="fake")'), made)
    assert made["lab"].snapshot().canonical() == lab.snapshot().canonical()
    made["lab"].close()
    assert "ip link add lxcbr0 type bridge" in builder.script()


def test_what_cannot_work_is_said_before_it_is_sent(lab: Lab, builder: Builder) -> None:
    before = lab.snapshot()
    fill(builder, "Add a namespace", name="a name")
    assert builder._do.disabled
    assert "may not stand in it" in builder._message.value
    fill(builder, "Add a namespace", name="")
    assert builder._do.disabled
    assert "is empty" in builder._message.value
    fill(builder, "Add an address", ns="host", link="eth0", address="300.1.1.1/24")
    assert builder._do.disabled
    assert lab.snapshot() == before


def test_what_the_kernel_refuses_is_said_and_nothing_is_logged(lab: Lab, builder: Builder) -> None:
    lab.do(act.AddBridge("br0"))
    fill(builder, "Add a bridge", name="br0")
    builder._do.click()
    until(lambda: "✘" in builder._message.value)
    assert "br0" in builder._message.value
    assert "nothing has been done" not in builder._log.value
    assert builder._log.value.count("br0") == 1, "the one that was made in a cell"
    until(lambda: not builder._do.disabled)


def test_what_was_done_is_said_until_the_form_is_changed(lab: Lab, builder: Builder) -> None:
    do(builder, "Add a bridge", name="br0")
    until(lambda: "br0" in builder.live.picture.text)
    assert "✔" in builder._message.value
    builder._fields["name"].value = "br1"
    assert "✔" not in builder._message.value
    assert "br1" in builder._message.value


def test_undo(lab: Lab, builder: Builder) -> None:
    do(builder, "Add a bridge", name="br0")
    do(builder, "Add a bridge", name="br1")
    builder._undo.click()
    until(lambda: len(lab.steps) == 1 and builder._worker._thread is None)
    assert [link.name for link in lab.snapshot().host.links if link.kind == "bridge"] == ["br0"]
    assert "br1" not in builder._log.value


def test_choices_come_from_the_kernel(lab: Lab, builder: Builder) -> None:
    builder._what.value = "Attach to a bridge"
    assert list(builder._fields["bridge"].options) == []
    assert builder._do.disabled
    lab.do(act.AddBridge("br0"), act.AddNamespace("ns1"))
    until(lambda: "br0" in builder._fields["bridge"].options)
    assert "ns1" in builder._fields["ns"].options
    builder._fields["ns"].value = "ns1"
    assert list(builder._fields["bridge"].options) == []
    assert list(builder._fields["link"].options) == ["lo"]


def test_a_namespace_that_vanishes_under_an_open_form(lab: Lab, builder: Builder) -> None:
    lab.do(act.AddNamespace("ns1"))
    fill(builder, "Set up", ns="ns1", link="lo")
    lab.do(act.DeleteNamespace("ns1"))
    until(lambda: "ns1" not in builder._fields["ns"].options)
    assert builder._fields["ns"].value == "host"


def test_a_hundred_clicks_do_it_once(lab: Lab, builder: Builder) -> None:
    fill(builder, "Add a bridge", name="br0")
    for _ in range(100):
        builder._do.click()
    until(lambda: builder._worker._thread is None)
    bridges = [link.name for link in lab.snapshot().host.links if link.kind == "bridge"]
    assert bridges == ["br0"]


def test_the_lab_is_closed_under_it(
    lab: Lab, builder: Builder, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(builder, "Add a bridge", name="br0")
    lab.close()
    until(lambda: "no longer follows" in builder.live._status.value)
    builder._do.click()
    until(lambda: "✘" in builder._message.value)
    assert "closed" in builder._message.value
    assert capsys.readouterr() == ("", "")


def test_every_form_makes_its_action() -> None:
    assert len({form.title for form in FORMS}) == len(FORMS)
    made = {form.action for form in FORMS}
    kinds = set(act.AnyAction.__args__)
    assert kinds - made == {act.SetMac}, "an action without a form"
    for form in FORMS:
        known = form.action.__struct_fields__
        assert all(field.name in known for field in form.fields)
        empty = {field.name: False if field.kind == "flag" else "" for field in form.fields}
        with pytest.raises(InvalidInput, match="empty"):
            form.make(empty)


def test_saved_it_is_a_picture(builder: Builder) -> None:
    bundle = builder._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"].startswith("builder\nhost")
    assert "<svg" in data["text/html"]


def test_the_log_and_undo_are_the_labs(lab: Lab, builder: Builder) -> None:
    """Whoever does a step or takes one back: the log tells what Undo goes back through."""
    do(builder, "Add a bridge", name="br0")
    lab.do(act.AddBridge("br1"))  # in a cell
    assert "br1" in builder._log.value
    assert "br1" in builder._undo.tooltip
    builder._undo.click()
    until(lambda: "taken back" in builder._message.value and not builder._worker.busy)
    assert "br1" in builder._message.value
    assert "br1" not in builder._log.value
    assert "br0" in builder._log.value
    lab.undo()
    assert "nothing has been done" in builder._log.value
    until(lambda: builder._undo.disabled)


def test_two_builders_of_one_lab_stay_in_step(lab: Lab, builder: Builder) -> None:
    other = lab.builder()
    do(builder, "Add a bridge", name="br0")
    until(lambda: other._log.value == builder._log.value and "br0" in other.live.picture.text)
    other._undo.click()
    until(lambda: "nothing has been done" in builder._log.value)
    until(lambda: other.live.snapshot.canonical() == builder.live.snapshot.canonical())
    other.close()


@pytest.mark.parametrize("style", list(STYLES))
def test_all_of_it_can_be_exported(lab: Lab, builder: Builder, style: str) -> None:
    do(builder, "Add a bridge", name="br0")
    assert builder._exported.layout.display == "none"
    builder._style.value = style
    builder._whole.value = True
    wanted = builder.python() if style == "Python" else builder.script(STYLES[style])
    assert html.escape(wanted) in builder._exported.value
    assert "nslab-copy" in builder._exported.value
    lab.do(act.AddBridge("br1"))
    assert "br1" in builder._exported.value, "it is kept up to date"
    builder._whole.value = False
    assert builder._exported.layout.display == "none"


def test_an_undo_that_takes_long_can_be_stopped(lab: Lab, builder: Builder) -> None:
    lab._history.add(Typed("sleep 60"), None, None)  # as if it had changed something
    do(builder, "Add a bridge", name="br0")
    before = lab.snapshot().canonical()
    builder._undo.click()
    until(lambda: not builder._stop.disabled)
    builder._stop.click()
    until(lambda: "it was stopped by you" in builder._message.value)
    assert lab.snapshot().canonical() == before
    assert "br0" in builder._log.value
    until(lambda: not builder._undo.disabled and builder._stop.disabled)
