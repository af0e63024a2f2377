"""Tests that use a lab: a fixture makes it, and the test asks the kernel."""

import pytest

from nslab import AddAddress, AddNamespace, AddVeth, Lab, SetUp


@pytest.fixture
def lab():
    with Lab() as made:
        yield made


@pytest.fixture
def plugged(lab):
    """The same with a namespace on a cable."""
    lab.do(
        AddNamespace("ns1"),
        AddVeth("cable", "eth0", peer_ns="ns1", up=True),
        AddAddress("cable", "10.0.0.1/24"),
        AddAddress("eth0", "10.0.0.2/24", ns="ns1"),
        SetUp("eth0", ns="ns1"),
    )
    return lab


def test_the_namespace_answers(plugged):
    assert plugged.ping("ns1", "10.0.0.1")


def test_a_cut_cable_is_noticed(plugged):
    plugged.sh("ip link set cable down")
    assert plugged.snapshot().link("eth0", "ns1").state == "no-carrier"
    assert not plugged.ping("ns1", "10.0.0.1")
