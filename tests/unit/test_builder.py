"""The builder without a browser, on a lab in memory: forms, checks, the log, the way back."""

from __future__ import annotations

import html
import re
import threading
from functools import partial
from typing import Any

import pytest
from handles import buttons, idle, part, press
from traitlets import TraitError
from waiting import rests, until

from nslab import Lab
from nslab.errors import InvalidInput
from nslab.jupyter.widgets import Builder
from nslab.jupyter.widgets.builder import STYLES
from nslab.jupyter.widgets.forms import FORMS
from nslab.jupyter.widgets.gestures import PALETTE
from nslab.network import actions as act
from nslab.session.history import HistoryStep, Typed
from nslab.session.traffic.answers import PingResult


def field(builder: Builder, name: str) -> Any:
    """What a field of the form is filled in by; they stand in the form's order."""
    (form,) = [form for form in FORMS if form.title == part(builder, "what").value]
    shown = part(builder, "form").children
    fields = [each for one in shown for each in getattr(one, "children", (one,))]
    return fields[[field.name for field in form.fields].index(name)]


def fill(builder: Builder, title: str, **values: Any) -> None:
    """Choose a step and fill its form in, as a person does: from the left to the right."""
    part(builder, "what").value = title
    for name, value in values.items():
        until(partial(chosen, builder, name, value))


def chosen(builder: Builder, name: str, value: Any) -> bool:
    """Whether it could be chosen: what there is to choose comes a moment after what was made."""
    try:
        field(builder, name).value = value
    except TraitError:
        return False
    return True


def do(builder: Builder, title: str, **values: Any) -> None:
    fill(builder, title, **values)
    assert not part(builder, "do").disabled, part(builder, "message").value
    press(builder, "do")
    assert "✔" in part(builder, "message").value


ARTICLE: list[tuple[str, dict[str, Any]]] = [
    ("Add a bridge", {"name": "lxcbr0"}),
    ("Spanning tree", {"ns": "host", "name": "lxcbr0", "stp": False}),
    ("Add an address", {"ns": "host", "link": "lxcbr0", "address": "192.168.10.1/24"}),
    ("Set up", {"ns": "host", "link": "lxcbr0"}),
    ("Add a namespace", {"name": "ns1"}),
    ("Set up", {"ns": "ns1", "link": "lo"}),
    (
        "Add a cable (veth)",
        {"name": "veth-ns1", "ns": "host", "peer": "lxcbr0.1", "peer_ns": "host"},
    ),
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
    part(builder, "as").value = "brctl, ifconfig"
    log = part(builder, "log").value
    for line in (
        "brctl addbr lxcbr0",
        "ifconfig lxcbr0 192.168.10.1/24 up",
        "ip netns add ns1",
        "ip link add veth-ns1 type veth peer name lxcbr0.1",
        "brctl addif lxcbr0 lxcbr0.1",
        "ip netns exec ns1 ifconfig eth0 192.168.10.11/24 up",
    ):
        assert line in log
    part(builder, "as").value = "Python"
    assert "lab.do(Move(&quot;veth-ns1&quot;, to=&quot;ns1&quot;))" in part(builder, "log").value


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
    assert part(builder, "do").disabled
    assert "is not allowed in it" in part(builder, "message").value
    fill(builder, "Add a namespace", name="")
    assert part(builder, "do").disabled
    told = part(builder, "message").value
    assert "Fill in: Name, such as ns1" in told
    assert field(builder, "name").placeholder == "such as ns1", "it is no name that is there"
    assert "is empty" not in told, "nothing was done wrong yet"
    fill(builder, "Add an address", ns="host", link="eth0", address="300.1.1.1/24")
    assert part(builder, "do").disabled
    assert lab.snapshot() == before


def test_what_is_there_already_is_foreseen(lab: Lab, builder: Builder) -> None:
    do(builder, "Add a bridge", name="br0")
    field(builder, "name").value = "br1"
    field(builder, "name").value = "br0"
    assert part(builder, "do").disabled
    assert "host has a link br0 already" in part(builder, "message").value


def test_both_styles_are_shown_before_it_is_sent(builder: Builder) -> None:
    fill(builder, "Add a bridge", name="br0")
    told = re.sub("<[^>]+>", "", part(builder, "message").value)
    assert told == "runs: brctl addbr br0the same with ip: ip link add br0 type bridge"
    part(builder, "as").value = "ip"
    told = re.sub("<[^>]+>", "", part(builder, "message").value)
    assert told.startswith("runs: ip link add br0 type bridgethe same with brctl, ifconfig: ")


def test_the_place_of_the_last_step_is_not_that_of_the_next(lab: Lab, builder: Builder) -> None:
    lab.do(act.AddNamespace("ns1"))
    fill(builder, "Set up", ns="ns1", link="lo")
    part(builder, "what").value = "Add a bridge"
    assert field(builder, "ns").value == "host"
    # What is chosen in the picture says where.
    until(lambda: "ns1/lo" in part(builder, "choice").options)
    part(builder, "choice").value = "ns1/lo"
    assert field(builder, "ns").value == "ns1"
    part(builder, "what").value = "Set up"
    assert (field(builder, "ns").value, field(builder, "link").value) == ("ns1", "lo")


def test_a_choice_made_while_the_list_is_filled_counts(lab: Lab, builder: Builder) -> None:
    """A person chooses in one thread, while another brings the list up to date."""
    choice = part(builder, "choice")
    place: list[int] = []
    person = threading.Thread(target=lambda: choice.set_state({"index": place[0]}))

    def choose(_: object) -> None:
        if "ns1/lo" in choice.options and not person.ident:
            place.append(choice.options.index("ns1/lo"))
            person.start()
            rests(person)

    choice.observe(choose, names="options")
    fill(builder, "Set up", ns="host", link="lo")
    lab.do(act.AddNamespace("ns1"))
    until(lambda: person.ident and not person.is_alive())
    until(lambda: "ns1" in builder.live.picture.text)
    until(lambda: field(builder, "ns").value == "ns1")
    assert choice.value == "ns1/lo"


def test_a_look_leaves_both_ends_of_a_cable_where_they_were_typed(
    lab: Lab, builder: Builder
) -> None:
    lab.do(act.AddNamespace("ns1"))
    fill(builder, "Add a cable (veth)", name="left", peer="right", peer_ns="ns1")
    until(lambda: "ns1/lo" in part(builder, "choice").options)
    part(builder, "choice").value = "ns1/lo"
    assert (field(builder, "ns").value, field(builder, "peer_ns").value) == ("host", "ns1")


@pytest.mark.parametrize(
    "how",
    [
        {"what": "cable", "onto": "ns1"},
        {"what": "ns1", "onto": "host"},
        {"what": "host", "onto": "ns1"},
        {"what": "ns1", "onto": "host/br0"},
    ],
    ids=str,
)
def test_a_cable_to_the_hosts_bridge_is_made_in_one_go(
    lab: Lab, builder: Builder, how: dict[str, str]
) -> None:
    lab.do(act.AddBridge("br0"), act.AddNamespace("ns1"))
    until(lambda: "ns1/lo" in part(builder, "choice").options)
    gesture(builder, 1, **how)
    field(builder, "master").value = "br0"
    name, peer = field(builder, "name").value, field(builder, "peer").value
    line = f"ip link add {name} type veth peer name {peer} netns ns1; brctl addif br0 {name}"
    assert line in re.sub("<[^>]+>", "", html.unescape(part(builder, "message").value))
    press(builder, "do")
    assert lab.snapshot().link(name).master == "br0"
    assert lab.snapshot().link(peer, "ns1").peer


def test_a_cable_from_what_is_chosen_can_be_attached(lab: Lab, builder: Builder) -> None:
    lab.do(act.AddBridge("br0"), act.AddNamespace("ns1"))
    until(lambda: "ns1" in part(builder, "drawn").value)
    part(builder, "choice").value = "ns1/lo"
    fill(builder, "Add a cable (veth)")
    assert (field(builder, "ns").value, field(builder, "peer_ns").value) == ("host", "ns1")
    assert "br0" in field(builder, "master").options


def gesture(builder: Builder, number: int, **what: Any) -> None:
    """As the page tells it."""
    builder._page.gesture = {**what, "number": number}


def test_a_gesture_fills_the_form_in(lab: Lab, builder: Builder) -> None:
    gesture(builder, 1, what="bridge", onto="host")
    assert part(builder, "what").value == "Add a bridge"
    assert field(builder, "name").value == "lxcbr0"
    assert builder._page.filled[1] == 2
    assert not lab.steps, "nothing is sent yet"
    gesture(builder, 2, what="internet", onto="host")
    assert "outside of the host" in part(builder, "message").value
    press(builder, "do")
    until(lambda: "lxcbr0" in builder.live.picture.text)
    gesture(builder, 3, menu="host/lxcbr0")
    items = builder._page.offers["items"]
    assert "Set up" in items
    gesture(builder, 4, pick={"of": "host/lxcbr0", "item": items.index("Set up")})
    press(builder, "do")
    assert lab.snapshot().link("lxcbr0").up


def test_what_was_done_elsewhere_is_named_before_undo_takes_it(lab: Lab, builder: Builder) -> None:
    do(builder, "Add a bridge", name="br0")
    lab.engine.apply([act.AddBridge("br7")])  # by hand: the lab knows nothing of it
    until(lambda: "br7" in part(builder, "log").value)
    press(builder, "undo")
    assert "done in a terminal" in part(builder, "message").value
    assert "br7" in part(builder, "message").value
    assert any(link.name == "br7" for link in lab.snapshot().host.links)
    press(builder, "undo")
    assert not any(link.name == "br7" for link in lab.snapshot().host.links)
    assert any(link.name == "br0" for link in lab.snapshot().host.links)
    press(builder, "redo")
    assert any(link.name == "br7" for link in lab.snapshot().host.links)


def test_what_the_kernel_refuses_is_said_and_nothing_is_logged(lab: Lab, builder: Builder) -> None:
    fill(builder, "Add a bridge", name="br0")
    lab.do(act.AddBridge("br0"))
    part(builder, "do").click()
    until(lambda: "✘" in part(builder, "message").value)
    until(lambda: "br0" in part(builder, "message").value)
    until(lambda: "nothing done yet" not in part(builder, "log").value)
    # the one that was made in a cell
    until(lambda: part(builder, "log").value.count("br0") == 1)
    until(lambda: not part(builder, "do").disabled)


def test_what_was_done_is_said_until_the_form_is_changed(lab: Lab, builder: Builder) -> None:
    do(builder, "Add a bridge", name="br0")
    until(lambda: "br0" in builder.live.picture.text)
    until(lambda: "✔" in part(builder, "message").value)
    field(builder, "name").value = "br1"
    assert "✔" not in part(builder, "message").value
    assert "br1" in part(builder, "message").value


def test_undo(lab: Lab, builder: Builder) -> None:
    do(builder, "Add a bridge", name="br0")
    do(builder, "Add a bridge", name="br1")
    part(builder, "undo").click()
    until(lambda: len(lab.steps) == 1 and idle(builder))
    assert [link.name for link in lab.snapshot().host.links if link.kind == "bridge"] == ["br0"]
    until(lambda: "br1" not in part(builder, "log").value)


def test_choices_come_from_the_kernel(lab: Lab, builder: Builder) -> None:
    part(builder, "what").value = "Attach to a bridge"
    assert list(field(builder, "bridge").options) == []
    assert part(builder, "do").disabled
    lab.do(act.AddBridge("br0"), act.AddNamespace("ns1"))
    until(lambda: "br0" in field(builder, "bridge").options)
    assert "ns1" in field(builder, "ns").options
    field(builder, "ns").value = "ns1"
    assert list(field(builder, "bridge").options) == []
    assert list(field(builder, "link").options) == ["lo"]


def test_a_namespace_that_vanishes_under_an_open_form(lab: Lab, builder: Builder) -> None:
    lab.do(act.AddNamespace("ns1"))
    fill(builder, "Set up", ns="ns1", link="lo")
    lab.do(act.DeleteNamespace("ns1"))
    until(lambda: "ns1" not in field(builder, "ns").options)
    assert field(builder, "ns").value == "host"


def test_what_comes_and_goes_between_two_looks_of_the_picture(lab: Lab, builder: Builder) -> None:
    builder.live.close()  # it looks no more: nothing but the steps can tell the form
    fill(builder, "Set up", ns="host", link="lo")
    lab.do(act.AddNamespace("ns1"))
    assert "ns1" in field(builder, "ns").options
    field(builder, "ns").value = "ns1"
    lab.do(act.DeleteNamespace("ns1"))
    assert "ns1" not in field(builder, "ns").options
    assert field(builder, "ns").value == "host"


def test_a_hundred_clicks_do_it_once(lab: Lab, builder: Builder) -> None:
    fill(builder, "Add a bridge", name="br0")
    for _ in range(100):
        part(builder, "do").click()
    until(lambda: idle(builder))
    bridges = [link.name for link in lab.snapshot().host.links if link.kind == "bridge"]
    assert bridges == ["br0"]


def test_the_lab_is_closed_under_it(
    lab: Lab, builder: Builder, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(builder, "Add a bridge", name="br0")
    lab.close()
    until(lambda: "no longer follows" in part(builder.live, "status").value)
    part(builder, "do").click()
    until(lambda: "✘" in part(builder, "message").value)
    until(lambda: "closed" in part(builder, "message").value)
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
    assert "br1" in part(builder, "log").value
    assert "br1" in part(builder, "undo").tooltip
    part(builder, "undo").click()
    until(lambda: "taken back" in part(builder, "message").value and idle(builder))
    until(lambda: "br1" in part(builder, "message").value)
    until(lambda: "br1" not in part(builder, "log").value)
    until(lambda: "br0" in part(builder, "log").value)
    lab.undo()
    assert "nothing done yet" in part(builder, "log").value
    until(lambda: part(builder, "undo").disabled)


def test_two_builders_of_one_lab_stay_in_step(lab: Lab, builder: Builder) -> None:
    other = lab.builder()
    do(builder, "Add a bridge", name="br0")
    until(lambda: part(other, "log").value == part(builder, "log").value)
    until(lambda: "br0" in other.live.picture.text)
    part(other, "undo").click()
    until(lambda: "nothing done yet" in part(builder, "log").value)
    until(lambda: other.live.snapshot.canonical() == builder.live.snapshot.canonical())
    other.close()


@pytest.mark.parametrize("style", list(STYLES))
def test_all_of_it_can_be_exported(lab: Lab, builder: Builder, style: str) -> None:
    do(builder, "Add a bridge", name="br0")
    assert part(builder, "exported").layout.display == "none"
    part(builder, "as").value = style
    part(builder, "export").value = True
    wanted = builder.python() if style == "Python" else builder.script(STYLES[style])
    assert html.escape(wanted) in part(builder, "exported").value
    assert "nslab-copy" in part(builder, "exported").value
    lab.do(act.AddBridge("br1"))
    assert "br1" in part(builder, "exported").value, "it is kept up to date"
    part(builder, "export").value = False
    assert part(builder, "exported").layout.display == "none"


def test_an_undo_that_takes_long_can_be_stopped(lab: Lab, builder: Builder) -> None:
    # As if it had changed something.
    lab._history._put(HistoryStep(Typed("sleep 60"), None, None, changed=True))
    do(builder, "Add a bridge", name="br0")
    before = lab.snapshot().canonical()
    part(builder, "undo").click()
    until(lambda: not part(builder, "stop").disabled)
    assert part(builder, "do").disabled
    field(builder, "name").value = "br1"
    assert part(builder, "do").disabled, "one thing at a time, though the form is right"
    part(builder, "stop").click()
    until(lambda: "you stopped it" in part(builder, "message").value)
    assert lab.snapshot().canonical() == before
    until(lambda: "br0" in part(builder, "log").value)
    until(lambda: not part(builder, "undo").disabled and part(builder, "stop").disabled)


def test_lo_is_never_chosen_beforehand_and_all_labels_begin_alike(builder: Builder) -> None:
    for form in FORMS:
        part(builder, "what").value = form.title
        for one in form.fields:
            assert one.label[0].isupper(), (form.title, one.label)
            if one.kind == "link":
                assert field(builder, one.name).value != "lo", form.title
    part(builder, "what").value = "Set up"
    assert "lo" in field(builder, "link").options


def test_all_fields_begin_below_each_other(builder: Builder) -> None:
    """Whatever is chosen: the step, its fields, and what is looked at."""
    wanted = part(builder, "what").style.description_width
    assert part(builder, "choice").style.description_width == wanted
    for form in FORMS:
        part(builder, "what").value = form.title
        for one in form.fields:
            if one.kind != "flag":
                assert field(builder, one.name).style.description_width == wanted, form.title


def picked(builder: Builder, thing: str, words: str) -> None:
    """What is chosen in the menu of a node."""
    count = next(builder._number)
    gesture(builder, 1000 + count, menu=thing)
    item = builder._page.offers["items"].index(words)
    gesture(builder, 2000 + count, pick={"of": thing, "item": item})


def suggestion(builder: Builder, name: str, thing: str) -> str:
    """What a field says once another thing was looked at."""
    until(lambda: thing in part(builder, "choice").options)
    part(builder, "choice").value = thing
    return str(field(builder, name).value)


def test_what_is_suggested_goes_with_the_place(lab: Lab, builder: Builder) -> None:
    lab.do(
        act.AddNamespace("ns1"),
        act.AddBridge("lxcbr0"),
        act.AddAddress("lxcbr0", "192.168.10.1/24"),
        act.AddVeth("lxcbr0.1", "eth0", peer_ns="ns1", master="lxcbr0"),
        act.AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
    )
    until(lambda: "ns1/eth0" in part(builder, "choice").options)
    picked(builder, "ns1/eth0", "Add an address")
    assert field(builder, "address").value == "192.168.10.12/24"
    assert suggestion(builder, "address", "ns1/lo") == "192.168.20.1/24"
    # By hand it is the same: the link is another one.
    field(builder, "link").value = "eth0"
    assert field(builder, "address").value == "192.168.10.12/24"
    field(builder, "address").value = "192.168.10.77/24"
    assert suggestion(builder, "address", "host/lxcbr0") == "192.168.10.77/24", "it was typed"
    picked(builder, "ns1", "Add a route")
    assert field(builder, "via").value == "192.168.10.1"
    assert suggestion(builder, "via", "host") == ""
    picked(builder, "host/lxcbr0", "Delete the address 192.168.10.1/24")
    assert suggestion(builder, "address", "ns1/eth0") == "192.168.10.11/24"
    gesture(builder, 1, what="bridge", onto="host")
    assert suggestion(builder, "name", "ns1") == "br1"
    gesture(builder, 2, what="vlan", onto="ns1/eth0")
    assert suggestion(builder, "name", "host/eth0") == "eth0.10"
    assert field(builder, "parent").value == "eth0"


def test_a_suggestion_stays_while_it_is_followed(lab: Lab, builder: Builder) -> None:
    lab.do(act.AddNamespace("ns1"))
    until(lambda: "ns1/lo" in part(builder, "choice").options)
    picked(builder, "ns1/lo", "Add an address")
    press(builder, "do")
    assert "✔" in part(builder, "message").value
    assert field(builder, "address").value == "192.168.10.1/24", "the form says what is there now"


def test_a_container_is_entered_by_its_process_wherever_a_line_is_shown() -> None:
    begin = (act.AddContainer("app"), act.AddVeth("left", "eth0", peer_ns="app"))
    with Lab(engine="fake", start=begin) as lab:
        builder = lab.builder()
        fill(builder, "Set up", ns="app", link="eth0")
        line = html.escape('nsenter --net --target "$pid_app"')
        assert part(builder, "message").value.count(line) == 2
        press(builder, "do")
        assert line in part(builder, "message").value
        assert line in part(builder, "log").value
        assert '"$pid_app"' in part(builder, "undo").tooltip
        press(builder, "undo")
        assert line in part(builder, "message").value
        press(builder, "redo")
        assert line in part(builder, "message").value
        builder.close()


def ask_why(builder: Builder, thing: str, whom: str) -> None:
    """Ask why not, and wait for the answer."""
    picked(builder, thing, "Why can't it reach …")
    part(builder, "whom").value = whom
    press(builder, "why")


def test_the_answer_is_marked_in_the_one_picture_while_it_holds(lab: Lab, builder: Builder) -> None:
    lab.do(
        act.AddContainer("app"),
        act.AddVeth("left", "eth0", peer_ns="app"),
        act.AddAddress("left", "192.168.10.1/24"),
        act.SetUp("left"),
        act.AddAddress("eth0", "192.168.10.11/24", ns="app"),
    )
    until(lambda: "app/eth0" in part(builder, "choice").options)
    ask_why(builder, "app", "192.168.10.1")
    drawn = part(builder, "drawn")
    assert "✘" in part(builder, "answer").children[0].value
    assert "<svg" not in part(builder, "answer").children[0].value, "the network is shown once"
    assert len(part(builder, "answer").children) == 2
    assert "nslab-callout-lost" in drawn.value
    press(builder, "mend")
    assert "✔ nsenter --net --target" in html.unescape(part(builder, "answer").children[0].value)
    until(lambda: "nslab-callout-arrived" in drawn.value)
    press(builder, "undo")
    until(lambda: "nslab-callout" not in drawn.value)
    # What was done is said on: it was only asked something.
    assert "taken back" in part(builder, "message").value
    press(builder, "why")
    assert "taken back" in part(builder, "message").value
    ask_why(builder, "app", "192.168.10.1")
    until(lambda: "nslab-callout-lost" in drawn.value)
    (shut,) = [each for each in buttons(builder) if each.description == "×"]
    shut.click()
    assert "nslab-callout" not in drawn.value


def test_an_answer_from_before_the_last_change_says_so(lab: Lab, builder: Builder) -> None:
    cable = (
        act.AddNamespace("ns1"),
        act.AddVeth("left", "eth0", peer_ns="ns1", up=True),
        act.AddAddress("left", "192.168.10.1/24"),
        act.AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
    )
    lab.do(*cable)
    until(lambda: "ns1/eth0" in part(builder, "choice").options)
    ask_why(builder, "ns1", "192.168.10.1")
    old = part(builder, "old")
    until(lambda: old.layout.display == "none")
    assert "nslab-past" not in part(builder, "answered")._dom_classes
    lab.do(act.SetDown("left"))
    until(lambda: old.layout.display is None)
    assert "before the last change" in old.children[0].value
    assert "nslab-past" in part(builder, "answered")._dom_classes
    assert part(builder, "mend").layout.display == "none"
    press(builder, "again")
    until(lambda: old.layout.display == "none")
    assert "nslab-past" not in part(builder, "answered")._dom_classes
    lab.reset()
    until(lambda: old.layout.display is None)


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (PingResult(ns="", target="", sent=2, received=2), "✔ ping 10.0.0.7: 2 sent, 2 received"),
        (
            PingResult(ns="", target="", sent=2, received=0, error="no answer"),
            "✘ ping 10.0.0.7: 2 sent, 0 received: no answer",
        ),
        (
            PingResult(ns="", target="", sent=0, received=0, error="Network is unreachable"),
            "✘ ping 10.0.0.7: Network is unreachable",
        ),
    ],
)
def test_whatever_came_of_a_ping_its_sign_comes_first(
    lab: Lab, builder: Builder, monkeypatch: pytest.MonkeyPatch, result: PingResult, line: str
) -> None:
    monkeypatch.setattr(lab, "ping", lambda *_: result)
    picked(builder, "host", "Ping from here …")
    part(builder, "whom").value = "10.0.0.7"
    press(builder, "ping")
    assert part(builder, "answered").value == f"<pre>{line}</pre>"


def test_one_button_alone_is_to_be_pressed_next(lab: Lab, builder: Builder) -> None:
    """A question stands in the place of the form, which comes back after it."""

    def first() -> list[str]:
        shown = [one for one in buttons(builder) if one.layout.display != "none"]
        return [one.description for one in shown if one.button_style == "primary"]

    assert first() == ["Do it"]
    picked(builder, "host", "Ping from here …")
    assert first() == ["Ping"]
    assert part(builder, "form").layout.display == "none"
    picked(builder, "host", "Why can't it reach …")
    assert first() == ["Why not?"]
    picked(builder, "host/eth0", "Set down")
    assert first() == ["Do it"]
    assert part(builder, "form").layout.display is None
    picked(builder, "host", "Ping from here …")
    part(builder, "what").value = "Add a bridge"
    assert first() == ["Do it"]


def test_fields_of_one_thing_stand_on_one_line(builder: Builder) -> None:
    fill(builder, "Add a cable (veth)")
    lines = [
        [each.description for each in line.children] for line in part(builder, "form").children
    ]
    assert lines == [["One end", "In", "Attached to"], ["Other end", "In"]]
    widths = [
        [each.layout.width for each in line.children] for line in part(builder, "form").children
    ]
    assert widths[0][:2] == widths[1]
    (piece,) = [words for name, words, _ in PALETTE if name == "cable"]
    assert part(builder, "what").value == f"Add a {piece[0].lower()}{piece[1:]}", "one word for it"
