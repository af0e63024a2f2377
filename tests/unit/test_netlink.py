"""Messages read field by field: what iproute2 and Docker really sent, and what is broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nslab.course.nlmessages import beside, decode, messages

# Taken from `ip link add veth-ns1 type veth peer name lxcbr0.1` (iproute2 6.1).
BY_IP = bytes.fromhex(
    "64000000100005065260066b0000000000000000000000000000000000000000"
    "0d000300766574682d6e73310000000034001200080001007665746828000200"
    "24000100000000000000000000000000000000000d0003006c78636272302e3100000000"
)
# The same by a program that asks for one queue at each end.
LEAN = bytes.fromhex(
    "8400000010000506010000000000000000000000000000000000000000000000"
    "0d000300766574682d6e73310000000008001f00010000000800200001000000"
    "4400120008000100766574683800020034000100000000000000000000000000"
    "000000000d0003006c78636272302e310000000008001f00010000000800200001000000"
)


def values(data: bytes) -> dict[str, str]:
    return {field.name: field.value for field in decode(data).fields}


def test_a_veth_pair() -> None:
    message = decode(BY_IP)
    assert message.name == "RTM_NEWLINK"
    shown = [(f.offset, f.name, f.value, f.depth) for f in message.fields]
    assert (len(shown[2][1].split()), shown[2][2]) == (2, "REQUEST ACK EXCL CREATE")
    assert (32, "IFLA_IFNAME", "veth-ns1", 0) in shown
    assert (52, "IFLA_INFO_KIND", "veth", 1) in shown
    assert (64, "VETH_INFO_PEER", "36 bytes:", 2) in shown
    assert (84, "IFLA_IFNAME", "lxcbr0.1", 3) in shown
    own = [field.name for field in message.fields if field.own]
    assert own == ["sequence number", "port"]


@pytest.mark.parametrize("data", [BY_IP, LEAN])
def test_every_byte_belongs_to_one_field(data: bytes) -> None:
    covered = b"".join(field.data for field in decode(data).fields)
    assert covered == data


def test_what_differs_is_found() -> None:
    rows = {
        name: (mine, theirs)
        for name, mine, theirs, same in beside(decode(BY_IP), decode(LEAN)).rows
        if not same
    }
    assert rows == {
        "length": ("100", "132"),
        "IFLA_NUM_TX_QUEUES": ("", "1"),
        "IFLA_NUM_RX_QUEUES": ("", "1"),
        "peer: IFLA_NUM_TX_QUEUES": ("", "1"),
        "peer: IFLA_NUM_RX_QUEUES": ("", "1"),
    }
    bundle = beside(decode(BY_IP), decode(LEAN), ("ip", "nslab"))._repr_mimebundle_()
    assert bundle["text/html"].count("differs") == 5
    assert bundle["text/plain"].count("\n~") == 5


def test_texts_hold_no_number_that_differs_from_run_to_run() -> None:
    other = BY_IP[:8] + bytes(8) + BY_IP[16:]
    assert str(decode(other)) == str(decode(BY_IP))
    assert decode(other)._repr_mimebundle_() == decode(BY_IP)._repr_mimebundle_()


def test_addresses_and_routes() -> None:
    address = bytes.fromhex("20000000140005060000000000000000021800000200000008000200c0a80a01")
    found = values(address)
    assert (found["type"], found["prefix length"], found["IFA_LOCAL"]) == (
        "RTM_NEWADDR",
        "24",
        "192.168.10.1",
    )
    route = bytes.fromhex(
        "2400000018000506000000000000000002000000000300010000000008000500c0a80a01"
    )
    assert values(route)["RTA_GATEWAY"] == "192.168.10.1"


def test_messages_are_found_in_what_strace_wrote() -> None:
    rows = []
    for start in range(0, len(BY_IP), 16):
        piece = BY_IP[start : start + 16]
        left, right = piece[:8].hex(" "), piece[8:].hex(" ")
        rows.append(f" | {start:05x}  {left:<23}  {right:<23}  {'.' * len(piece)} |")
    text = "\n".join(
        [
            "13    sendmsg(3, {msg_iov=[{iov_base=[{nlmsg_len=100, …",
            *rows,
            '13    sendto(4, "GET /", 5, 0, NULL, 0) = 5',
            " | 00000  47 45 54 20 2f                                    GET /            |",
            '13    execve("/sbin/ip", ["ip"], 0x0) = 0',
        ]
    )
    (message,) = messages(text)
    assert message.data == BY_IP


@given(st.binary(min_size=16, max_size=200), st.integers(0, 99))
def test_nothing_that_can_come_breaks_it(data: bytes, kind: int) -> None:
    broken = data[:4] + kind.to_bytes(2, "little") + data[6:]
    message = decode(broken)
    assert str(message)
    assert message.data == broken[: len(message.data)]
