"""Checks of links on links, and of the VLANs of a bridge's ports."""

from __future__ import annotations

from nslab.explain.diagnose.remedy import typed
from nslab.network import names
from nslab.network.diff import kind_text, vlans_text
from nslab.network.model import Snapshot
from nslab.sentence import Sentence, sentence
from nslab.session.check.rows import in_a_row, listed
from nslab.session.check.verdict import RUN_IN_ORDER, Check, Verdict, link_of, namespace_of, place


class StandsOn(Check, frozen=True):
    """A link stands on a parent: as a macvlan or ipvlan of that mode, or with that VLAN's tag.

    :param link: the name of the link
    :param parent: the link that it stands on
    :param ns: the namespace; the host if None
    :param parent_ns: the namespace of the parent; the host if None
    :param mode: the mode that it must have; empty for a VLAN link
    :param vlan: the VLAN that it must have; 0: not a VLAN link
    """

    link: str
    parent: str
    ns: str | None = None
    parent_ns: str | None = None
    mode: str = ""
    vlan: int = 0

    @property
    def wanted(self) -> str:
        return _stands(place(self.link, self.ns), self._on, self.mode, self.vlan)

    @property
    def _on(self) -> str:
        return place(self.parent, self.parent_ns)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        where = place(self.link, self.ns)
        parent = link_of(snapshot, self.parent, self.parent_ns)
        below = snapshot.peer(link)
        if below is None or below[1] != parent or link.kind == "veth":
            text = sentence("{place} does not stand on {parent}", place=where, parent=self._on)
            return Verdict(False, text, RUN_IN_ORDER, self.wanted)
        text = _stands(f"{where} ({kind_text(link)})", self._on, link.mode, link.vlan)
        ok = (link.mode, link.vlan) == (self.mode, self.vlan)
        return Verdict(ok, text, *(("", "") if ok else (RUN_IN_ORDER, self.wanted)))


def _stands(where: str, parent: str, mode: str, vlan: int) -> Sentence:
    if vlan:
        return sentence(
            "{place} stands on {parent}, with the tag of VLAN {vlan}",
            place=where,
            parent=parent,
            vlan=vlan,
        )
    return sentence(
        "{place} stands on {parent}, in mode {mode}", place=where, parent=parent, mode=mode
    )


class SameMac(Check, frozen=True):
    """Two links have one and the same MAC; ``same=False``: each has its own.

    :param link: one link
    :param other: the other link
    :param ns: the namespace; the host if None
    :param other_ns: the namespace of the other link; the host if None
    :param same: whether the MACs must be equal or different
    """

    link: str
    other: str
    ns: str | None = None
    other_ns: str | None = None
    same: bool = True

    @property
    def wanted(self) -> str:
        return self._macs(self.same)

    def _macs(self, same: bool) -> Sentence:
        link, other = place(self.link, self.ns), place(self.other, self.other_ns)
        if same:
            return sentence("{link} and {other} have the same MAC", link=link, other=other)
        return sentence("{link} and {other} have different MACs", link=link, other=other)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        one = link_of(snapshot, self.link, self.ns)
        two = link_of(snapshot, self.other, self.other_ns)
        same = one.mac == two.mac
        ok = same == self.same
        return Verdict(ok, self._macs(same), *(("", "") if ok else (RUN_IN_ORDER, self.wanted)))


class FiltersVlans(Check, frozen=True):
    """A bridge keeps VLANs apart, or does not.

    :param bridge: the name of the bridge
    :param ns: the namespace; the host if None
    :param on: whether it filters
    """

    bridge: str
    ns: str | None = None
    on: bool = True

    @property
    def wanted(self) -> str:
        return _filtering(place(self.bridge, self.ns), self.on)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.bridge, self.ns)
        where = place(self.bridge, self.ns)
        if link.bridge is None:
            text = sentence("{place} is not a bridge", place=where)
            return Verdict(False, text, wanted=self.wanted)
        ok = link.bridge.vlan_filtering == self.on
        command = f"ip link set dev {self.bridge} type bridge vlan_filtering {int(self.on)}"
        hint = typed(namespace_of(snapshot, self.ns), command)
        text = _filtering(where, link.bridge.vlan_filtering)
        return Verdict(ok, text, *(("", "") if ok else (hint, self.wanted)))


def _filtering(where: str, on: bool) -> Sentence:
    if on:
        return sentence("VLAN filtering of {place} is on", place=where)
    return sentence("VLAN filtering of {place} is off", place=where)


class Carries(Check, frozen=True):
    """A port of a bridge that filters carries these VLANs and no others.

    ``untagged`` is the one whose frames have no tag on its wire; 0 for none.

    :param port: the port
    :param ns: the namespace; the host if None
    :param untagged: the VLAN whose frames leave without a tag; 0: none
    :param tagged: the VLANs whose frames keep their tags
    """

    port: str
    ns: str | None = None
    untagged: int = 0
    tagged: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        names.vlans(self.tagged)
        if self.untagged:
            names.vlan(self.untagged)

    @property
    def wanted(self) -> str:
        kept = [str(number) for number in sorted(self.tagged)]
        vlans: list[str] = [*kept]
        if self.untagged:
            vlans = [sentence("{vlan} without a tag", vlan=self.untagged), *kept]
        where = place(self.port, self.ns)
        if not vlans:
            return sentence("{place} carries the VLANs none", place=where)
        return sentence("{place} carries the VLANs {vlans}", place=where, vlans=in_a_row(vlans))

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.port, self.ns)
        where = place(self.port, self.ns)
        if link.port is None or link.port.vlans is None:
            text = sentence("{place} is not a port of a bridge that filters VLANs", place=where)
            return Verdict(False, text, wanted=self.wanted)
        vlans = link.port.vlans
        text = sentence("{place} carries no VLAN", place=where)
        if vlans:
            said = listed(vlans_text(vlans).split(" and "))
            text = sentence("{place} carries {vlans}", place=where, vlans=said)
        plain = tuple(vlan.vlan for vlan in vlans if vlan.pvid and vlan.untagged)
        rest = tuple(vlan.vlan for vlan in vlans if not (vlan.pvid or vlan.untagged))
        wanted = (self.untagged,) if self.untagged else ()
        ok = plain == wanted and rest == tuple(sorted(self.tagged))
        ok = ok and len(vlans) == len(plain) + len(rest)
        hint = sentence("see: {command}", command=f"bridge vlan show dev {self.port}")
        return Verdict(ok, text, *(("", "") if ok else (hint, self.wanted)))
