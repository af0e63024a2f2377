"""The live picture without a browser and without a kernel: on a lab in memory."""

from __future__ import annotations

import gc
import math
import re
import weakref
from collections.abc import Iterator

import pytest
from handles import part
from msgspec import structs
from waiting import until

from nslab import Lab
from nslab.engine.fake.state import Network
from nslab.jupyter.widgets import Live, following
from nslab.jupyter.widgets.following import Following
from nslab.jupyter.widgets.node_facts import facts, things
from nslab.network.actions import (
    AddAddress,
    AddBridge,
    AddNamespace,
    AddVeth,
    Attach,
    DeleteLink,
    Rename,
    SetUp,
)
from nslab.network.diff import Diff, compare
from nslab.network.model import Snapshot


@pytest.fixture
def live(lab: Lab) -> Iterator[Live]:
    made = lab.live()
    yield made
    made.close()


def test_it_shows_what_is_there_at_once(live: Live) -> None:
    assert "eth0" in part(live, "drawn").value
    assert "host/eth0" in part(live, "choice").options
    assert "follows the lab: the picture changes as the lab does" in part(live, "status").value


def test_a_change_shows_by_itself_and_is_set_off(lab: Lab, live: Live) -> None:
    lab.do(AddBridge("lxcbr0"))
    until(lambda: "lxcbr0" in part(live, "drawn").value)
    assert "+   lxcbr0" in live.picture.text
    until(lambda: "host/lxcbr0" in part(live, "choice").options)


def test_changes_add_up_and_fade(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FADE", 0.5)
    live = lab.live()
    lab.do(AddBridge("br1"))
    until(lambda: "br1" in live.picture.text)
    lab.do(AddBridge("br2"))
    until(lambda: "br2" in live.picture.text)
    assert "+   br1" in live.picture.text, "the first is still set off with the second"
    until(lambda: "+   br2" not in live.picture.text)
    assert "br1" in live.picture.text
    assert "br2" in live.picture.text
    live.close()


def test_what_a_step_changed_stands_out_alone_until_the_next(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However soon a step follows another, and however long its verdict is read."""
    monkeypatch.setattr(following, "FADE", 0.2)
    monkeypatch.setattr(following, "SOON", 0.05)
    told: list[Snapshot | Diff] = []
    follows = Following(lab, told.append, lambda _: None)
    follows.start()
    follows.begin()
    lab.do(AddBridge("br1"))
    until(lambda: "br1" in str(told[-1]))
    follows.begin()
    lab.do(AddBridge("br2"))
    until(lambda: isinstance(told[-1], Diff) and "br2" in str(told[-1]))
    assert "br1" not in str(told[-1])
    count = len(told)
    assert follows._until == math.inf, "nothing is waited for"
    follows.begin()
    until(lambda: len(told) > count)
    assert isinstance(told[-1], Snapshot), "a step that only looks sets nothing off"
    follows.stop()


def test_what_was_taken_back_is_no_change(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FADE", 1000.0)
    told: list[object] = []
    follows = Following(lab, told.append, lambda _: None)
    follows.start()
    lab.do(AddBridge("br1"))
    until(lambda: isinstance(told[-1], Diff))
    lab.do(DeleteLink("br1"))
    until(lambda: isinstance(told[-1], Snapshot))
    follows.stop()


def test_a_change_fades_also_while_its_lab_rests(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    follows = Following(lab, told.append, lambda _: None)
    follows.start()
    lab.do(AddBridge("br1"))
    until(lambda: isinstance(told[-1], Diff))
    monkeypatch.setattr(Lab, "resting", property(lambda _: True))
    monkeypatch.setattr(following, "FADE", 0.2)
    until(lambda: isinstance(told[-1], Snapshot))
    follows.stop()


def test_drawn_once_more_it_is_what_another_thread_has_just_shown(lab: Lab, live: Live) -> None:
    live.following.stop()
    with Lab(engine="fake", start=[AddBridge("br9")]) as other:
        newer = other.snapshot()

    class Late:
        """While somebody waited to draw, another has drawn."""

        def __enter__(self) -> None:
            live._shown = newer

        def __exit__(self, *_: object) -> None: ...

    live._telling = Late()  # type: ignore[assignment]
    live.be_plain(True)
    assert live.picture.what is newer


def test_what_is_done_after_a_reset_is_compared_with_the_lab_that_is_there_now(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lab that is made anew, and looks as before, has other numbers in a kernel."""
    told: list[Snapshot | Diff] = []
    follows = Following(lab, told.append, lambda _: None)
    follows.start()
    before, engine = lab.snapshot().host.inode, lab.engine
    real = Network.__init__

    def elsewhere(state: Network, *given: object, **more: object) -> None:
        real(state, *given, **more)  # type: ignore[arg-type]
        state._last_inode += 1000
        state.host.inode += 1000

    monkeypatch.setattr(Network, "__init__", elsewhere)
    lab.reset()
    assert lab.engine is not engine
    until(lambda: follows.shown.host.inode != before)
    lab.do(AddBridge("br1"))
    until(lambda: isinstance(told[-1], Diff))
    assert isinstance(told[-1], Diff)
    assert [one.name for one in told[-1].lasting] == ["br1"]
    follows.stop()


def test_undo_and_redo_mark_what_the_step_changed_and_nothing_else(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lab is made anew: its numbers differ, and mean nothing."""
    monkeypatch.setattr(following, "FADE", 1000.0)
    told: list[Snapshot | Diff] = []
    lab.do(AddVeth("left", "right"))
    lab.do(Rename("left", "eth7"))
    follows = Following(lab, told.append, lambda _: None)
    follows.start()
    back = lab.undo().changes
    assert str(back) == "~ eth7 renamed to left"
    until(lambda: str(told[-1]) == str(back))
    forth = lab.redo().changes
    assert str(forth) == "~ left renamed to eth7"
    until(lambda: str(told[-1]) == str(forth))
    follows.stop()


def test_from_which_port_a_bridge_has_its_mac_is_no_change(lab: Lab) -> None:
    """It takes the lowest, and which of several random ones that is, is chance."""
    lab.do(AddBridge("br0"), AddVeth("a1", "a2", master="br0"), AddVeth("b1", "b2", master="br0"))
    one = lab.snapshot()
    macs = {link.name: link.mac for link in one.host.links}
    links = tuple(
        structs.replace(link, mac=macs["b1"] if link.mac == macs["a1"] else macs["a1"])
        if link.name == "br0"
        else link
        for link in one.host.links
    )
    assert next(link for link in links if link.name == "br0").mac_origin == "stolen"
    spaces = (structs.replace(one.host, links=links), *one.namespaces[1:])
    other = structs.replace(one, namespaces=spaces)
    assert compare(one, other)
    assert not compare(one, other.aligned(one))


def test_undo_makes_a_new_lab_and_the_picture_follows_it(lab: Lab, live: Live) -> None:
    lab.do(AddBridge("br1"))
    lab.do(AddNamespace("ns1"))
    until(lambda: "ns1" in live.picture.text)
    lab.undo()
    until(lambda: "-" in live.picture.text and "ns1" not in things(live.snapshot))
    lab.do(AddBridge("br3"))
    until(lambda: "br3" in live.picture.text)
    until(lambda: "follows the lab" in part(live, "status").value)


def test_the_end_of_the_lab_is_said(
    lab: Lab, live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.do(AddBridge("br1"))
    until(lambda: "br1" in live.picture.text)
    lab.close()
    until(lambda: "no longer follows" in part(live, "status").value)
    # what was last seen stays
    until(lambda: "br1" in part(live, "drawn").value)
    assert capsys.readouterr() == ("", ""), "nothing is printed into a cell"


def test_a_choice_outlives_a_redraw_and_shows_the_facts(lab: Lab, live: Live) -> None:
    lab.do(AddBridge("br1"))
    until(lambda: "host/br1" in part(live, "choice").options)
    part(live, "choice").value = "host/br1"
    assert "bridge, down" in part(live, "facts").value
    lab.do(AddAddress("br1", "10.0.0.1/24"), SetUp("br1"))
    until(lambda: "10.0.0.1/24" in part(live, "facts").value)
    until(lambda: part(live, "choice").value == "host/br1")
    lab.do(AddBridge("br2"))
    until(lambda: "host/br2" in part(live, "choice").options)
    # also where there is more to choose from
    until(lambda: part(live, "choice").value == "host/br1")
    lab.undo(3)
    # The facts follow the choice, in the thread that draws.
    until(lambda: (part(live, "choice").value, part(live, "facts").value) == ("–", ""))


def test_two_of_one_lab_stay_in_step(lab: Lab, live: Live) -> None:
    other = lab.live()
    lab.do(AddBridge("br1"))
    until(lambda: "br1" in part(live, "drawn").value)
    until(lambda: part(other, "drawn").value == part(live, "drawn").value)
    other.close()


def test_saved_it_is_a_picture(live: Live) -> None:
    bundle = live._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"].startswith("live picture\nhost (the pseudo-host)")
    assert "<svg" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_it_does_not_keep_the_lab() -> None:
    lab = Lab(engine="fake")
    live = lab.live()
    gone = weakref.ref(lab)
    del lab
    gc.collect()
    until(lambda: (gc.collect(), gone() is None)[1])
    until(lambda: "no longer follows" in part(live, "status").value)


def test_after_a_quick_telling_the_next_change_shows_without_a_long_rest(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "GAP", 1000.0)
    told: list[Snapshot | Diff] = []
    follows = Following(lab, told.append, lambda _: None)
    follows.start()
    for name in ("br1", "br2", "br3"):
        lab.do(AddBridge(name))
        until(lambda name=name: f"host/{name}" in things(follows.shown))  # type: ignore[misc]
    follows.stop()


@pytest.mark.parametrize(
    ("took", "rest"),
    [(0.0, following.SHORT_GAP), (0.02, 0.02 * following.SHARE), (5.0, following.GAP)],
)
def test_the_rest_is_as_long_as_a_telling_asks_for(took: float, rest: float) -> None:
    assert following.gap(took) == rest


def test_many_changes_are_few_redraws(lab: Lab, live: Live) -> None:
    drawn: list[str] = []
    part(live, "drawn").observe(lambda change: drawn.append(change["new"]), names="value")
    for n in range(100):
        lab.do(AddBridge(f"br{n}"), watch=False)
    until(lambda: "br99" in things_shown(live))
    assert len(drawn) < 50


def things_shown(live: Live) -> str:
    return " ".join(things(live.snapshot))


def test_facts_of_everything(lab: Lab) -> None:
    lab.do(
        AddNamespace("ns1"),
        AddBridge("br1"),
        AddVeth("v1", "eth0", peer_ns="ns1"),
        Attach("v1", "br1"),
        SetUp("v1"),
        AddAddress("eth0", "10.0.0.2/24", ns="ns1"),
    )
    snapshot = lab.snapshot()
    assert things(snapshot)[:2] == ["host", "host/lo"]
    for thing in things(snapshot):
        assert facts(snapshot, thing), thing
    shown = dict(facts(snapshot, "host/v1"))
    assert "other end ns1/eth0" in shown["Link"]
    assert "port of br1" in shown["Link"]
    assert dict(facts(snapshot, "ns1/eth0"))["Addresses"] == ["10.0.0.2/24"]
    assert "default via 198.51.100.1 dev eth0" in dict(facts(snapshot, "host"))["Routes"]
    assert facts(snapshot, "ns9") == facts(snapshot, "ns1/eth9") == []


def test_five_hundred_namespaces_are_summed_up_and_a_change_shows(lab: Lab) -> None:
    lab.do(*(AddNamespace(f"ns{n}") for n in range(500)), watch=False)
    live = lab.live()
    assert "more" in live.picture.text
    assert live.picture.text.count("\n") < 100
    lab.do(AddBridge("br7", ns="ns250"), watch=False)
    until(lambda: 'data-link="ns250/br7"' in part(live, "drawn").value)
    # what is not drawn can be asked about
    until(lambda: "ns499" in part(live, "choice").options)
    live.close()


def test_every_node_of_its_drawing_can_be_chosen(lab: Lab, live: Live) -> None:
    """By its name in the list beside it: that is what a click does."""
    lab.do(AddNamespace("ns1"), AddBridge("br1", ns="ns1"))
    until(lambda: 'data-link="ns1/br1"' in part(live, "drawn").value)
    page = part(live, "drawn").value
    for name in re.findall(r'data-(?:link|world)="([^"]*)"', page):
        assert name in part(live, "choice").options
    for tag in re.findall(r'<g class="nslab-(?:space|link|outside)[^>]*>', page):
        assert 'tabindex="0" role="button" aria-label="' in tag
    plain = live._repr_mimebundle_()
    data = plain[0] if isinstance(plain, tuple) else plain
    assert 'role="button"' not in data["text/html"], "what is saved cannot be pressed"


def test_in_a_large_network_one_can_be_found(lab: Lab) -> None:
    lab.do(AddBridge("br0"), *(AddNamespace(f"n{n}") for n in range(1, 131)), watch=False)
    lab.do(
        *(AddVeth(f"v{n}", "eth0", peer_ns=f"n{n}", master="br0") for n in range(1, 131)),
        AddAddress("eth0", "10.7.0.99/16", ns="n99"),
        watch=False,
    )
    live = lab.live()
    folded = live.picture.folded
    assert folded > 0
    assert part(live, "fold").description == f"Show {folded} more"
    # What is folded is unfolded when it is looked for, by its address or by its name.
    part(live, "find").value = "10.7.0.99"
    assert live.chosen == "n99/eth0"
    assert live.picture.folded == 0
    assert part(live, "choice").options == ("–", "n99/eth0")
    assert "1 found" in part(live, "found").value
    assert live._page.sight[0] == "n99/eth0"
    part(live, "find").value = ""
    assert part(live, "found").value.endswith("></span>")
    assert "n120" in part(live, "choice").options
    part(live, "fold").value = False
    assert live.picture.folded == folded
    assert part(live, "fold").description == f"Show {folded} more"
    part(live, "find").value = "no such thing"
    assert "0 found" in part(live, "found").value
    live.close()


def test_a_small_network_has_nothing_to_search(live: Live) -> None:
    for name in ("find", "found", "fold"):
        assert part(live, name).layout.display == "none"
    assert part(live, "choice").layout.display is None
