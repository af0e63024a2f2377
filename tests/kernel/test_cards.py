"""The virtual machine's emulated network cards: they filter by address, and come into a lab."""

from __future__ import annotations

import pytest
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from nslab import AddAddress, EngineUnavailable, Lab, SetPromiscuous, SetUp

pytestmark = [pytest.mark.kernel, pytest.mark.vm]

STRANGER = Ether(dst="02:00:00:00:00:99", type=0x88B5) / Raw(b"for nobody here")


def test_a_card_takes_in_what_is_meant_for_it_unless_it_is_promiscuous() -> None:
    with Lab(engine="vm", cards=True) as lab:
        lab.do(
            AddAddress("nic0", "192.0.2.1/24"),
            SetUp("nic0"),
            AddAddress("nic1", "192.0.2.2/24", ns="lan"),
            SetUp("nic1", ns="lan"),
        )
        seen = []
        for on in (False, True, False):
            lab.do(SetPromiscuous("nic1", on=on, ns="lan"))
            with lab.capture("lan/nic1", filter="ether proto 0x88b5") as capture:
                lab.send(STRANGER, on="nic0")
                assert lab.ping("host", "192.0.2.2")  # comes after it, by the same hub
            seen.append([frame.kind for frame in capture.frames])
    assert seen == [[], ["otherhost"], []]


def test_they_are_there_again_after_a_reset() -> None:
    with Lab(engine="vm", cards=True) as lab:
        lab.do(SetUp("nic0"))
        lab.reset()
        assert not lab.snapshot().link("nic0").up
        assert lab.snapshot().link("nic1", "lan").mac == "02:00:00:00:20:0b"


def test_a_lab_that_did_not_ask_has_none() -> None:
    with Lab(engine="vm") as lab:
        assert {link.name for link in lab.snapshot().host.links} == {"lo", "eth0"}


@pytest.mark.parametrize("engine", ["local", "fake"])
def test_only_a_virtual_machine_has_any(engine: str) -> None:
    with pytest.raises(EngineUnavailable, match="cards=True"):
        Lab(engine=engine, cards=True)
