"""Names and addresses as a person types them: what passes is harmless."""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nslab.errors import InvalidInput
from nslab.network import names
from nslab.printable import printable

SAFE = re.compile(r"[A-Za-z0-9_.+@=-]+")

TYPED = st.text(max_size=20) | st.from_regex(
    r"[a-z]{1,4}[-_.:/@;$ ]?[0-9a-z]{0,14}", fullmatch=True
)

HOSTILE = [
    "",
    " ",
    "a b",
    "a;reboot",
    "$(reboot)",
    "`reboot`",
    "a|b",
    "a>b",
    "a&",
    "a'b",
    'a"b',
    "a\\b",
    "a\nb",
    "a\n",
    "a\0b",
    "a\tb",
    "*",
    "~",
    "#",
    "a/b",
    "../x",
    "/etc/passwd",
    "-rf",
    "--help",
    ".",
    "..",
    "é",
    "名",
    "\N{RIGHT-TO-LEFT OVERRIDE}x",
    "x" * 200,
    "a:b",
    "a%b",
    "{a,b}",
    "!x",
]


def check_explained(error: InvalidInput) -> None:
    """An error has all four parts."""
    assert error.operation
    assert error.subject
    assert error.cause
    assert error.hint


def refused(check: Callable[[str], object], text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(text)
    check_explained(caught.value)


@given(TYPED)
def test_what_passes_as_a_link_name_is_harmless(text: str) -> None:
    try:
        name = names.link_name(text)
    except InvalidInput as error:
        check_explained(error)
        return
    assert name == text
    assert SAFE.fullmatch(name)
    assert len(name.encode()) < names.IFNAMSIZ
    assert not name.startswith("-")
    assert name not in (".", "..")


@given(TYPED)
def test_what_passes_as_a_namespace_name_is_harmless(text: str) -> None:
    try:
        name = names.namespace_name(text)
    except InvalidInput as error:
        check_explained(error)
        return
    assert SAFE.fullmatch(name)
    assert not name.isdigit()
    assert name not in names.RESERVED


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "check",
    [
        names.link_name,
        names.namespace_name,
        names.namespace_reference,
        names.address,
        names.destination,
        names.host_address,
        names.mac_address,
        names.sysctl_key,
    ],
)
def test_hostile(check: Callable[[str], object], text: str) -> None:
    refused(check, text)


@pytest.mark.parametrize("text", ["lxcbr0.1", "veth-ns1", "eth0", "docker0", "a" * 15, "br_1", "1"])
def test_link_names(text: str) -> None:
    assert names.link_name(text) == text


@pytest.mark.parametrize("text", ["a" * 16, "dev", "up", "master", "type", "peer", "netns"])
def test_no_link_names(text: str) -> None:
    refused(names.link_name, text)


@pytest.mark.parametrize("text", ["host", "router", "internet", "1", "4711", "dev", "list"])
def test_no_namespace_names(text: str) -> None:
    refused(names.namespace_name, text)


@pytest.mark.parametrize(
    ("text", "reference"), [(None, None), ("host", None), ("ns1", "ns1"), ("router", "router")]
)
def test_references(text: str | None, reference: str | None) -> None:
    assert names.namespace_reference(text) == reference


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("192.168.10.1/24", "192.168.10.1/24"),
        ("192.168.10.1/255.255.255.0", "192.168.10.1/24"),
        ("10.0.0.0/31", "10.0.0.0/31"),
        ("10.0.0.0/32", "10.0.0.0/32"),
        ("fd00::1/64", "fd00::1/64"),
        ("FD00:0::1/64", "fd00::1/64"),
    ],
)
def test_addresses(text: str, plain: str) -> None:
    assert names.address(text) == plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("192.168.10.1", "192.168.10.1/24"),
        ("192.168.10.0/24", "192.168.10.1/24"),
        ("192.168.10.255/24", "192.168.10.254/24"),
        ("192.168.10.256/24", "192.168.10.1/24"),
        ("192.168.10.1/33", "192.168.10.1/24"),
        ("224.0.0.1/24", "unicast"),
        ("ns1", "192.168.10.1/24"),
    ],
)
def test_no_addresses(text: str, words: str) -> None:
    refused(names.address, text)
    with pytest.raises(InvalidInput, match=re.escape(words)):
        names.address(text)


@given(st.ip_addresses(v=4), st.integers(1, 32))
def test_every_address_is_taken_or_explained(ip: object, length: int) -> None:
    text = f"{ip}/{length}"
    try:
        assert names.address(text) == text
    except InvalidInput as error:
        check_explained(error)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("default", "default"),
        ("0.0.0.0/0", "default"),
        ("192.168.10.0/24", "192.168.10.0/24"),
        ("192.168.10.7", "192.168.10.7/32"),
        ("fd00::/64", "fd00::/64"),
    ],
)
def test_destinations(text: str, plain: str) -> None:
    assert names.destination(text) == plain


def test_a_destination_with_host_bits_is_told_its_network() -> None:
    with pytest.raises(InvalidInput, match=re.escape("192.168.10.0/24")):
        names.destination("192.168.10.7/24")


def test_macs() -> None:
    assert names.mac_address("02:00:00:00:00:0A") == "02:00:00:00:00:0a"
    for text in ("01:00:00:00:00:01", "2:0:0:0:0:1", "02-00-00-00-00-01", "ff:ff:ff:ff:ff:ff"):
        refused(names.mac_address, text)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/lxcbr0.1/rp_filter", "net/ipv4/conf/lxcbr0.1/rp_filter"),
        ("net.ipv4.conf.eth0.rp_filter", "net/ipv4/conf/eth0/rp_filter"),
    ],
)
def test_sysctls(key: str, path: str) -> None:
    assert names.sysctl_path(names.sysctl_key(key)) == path


@given(st.text(max_size=30).map("net.".__add__) | st.text(max_size=30))
def test_a_sysctl_stays_below_net(text: str) -> None:
    try:
        path = names.sysctl_path(names.sysctl_key(text))
    except InvalidInput as error:
        check_explained(error)
        return
    assert path.startswith("net/")
    assert ".." not in path.split("/")
    assert not path.endswith("\n")


@pytest.mark.parametrize("text", ["fe80::1%a;b", "fe80::1%\nflush ruleset"])
@pytest.mark.parametrize("check", [names.destination, names.host_address])
def test_scope_ids(check: Callable[[str], object], text: str) -> None:
    refused(check, text)


@given(st.text() | st.binary().map(lambda raw: raw.decode(errors="surrogateescape")))
def test_what_is_shown_neither_moves_nor_hides(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert all(category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)
    if text.isprintable():
        assert len(shown) >= len(text)


def test_what_is_shown_says_what_was_there() -> None:
    assert printable("br0 Straße 名") == "br0 Straße 名"
    assert printable("q\x07\x9b2J\r\n\x1b") == r"q\x07\x9b2J\r\n\x1b"
    assert printable("\u202eevil\u2066") == r"\u202eevil\u2066"
    assert printable(b"q\x9b".decode(errors="surrogateescape")) == r"q\udc9b"
    assert printable(OSError("no\x1b")) == r"no\x1b"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("10.0.0.300/24", "300 is more than 255, the largest number in an IPv4 address"),
        ("999.1.1.1", "999 is more than 255, the largest number in an IPv4 address"),
        ("10.0.0", "an IPv4 address has four numbers"),
        ("10.0.0.0.1", "an IPv4 address has four numbers"),
        ("10..0.1", "an IPv4 address has four numbers"),
        ("10.0.0.01", "01 begins with a 0, which is ambiguous"),
        ("10.0.0.1/33", "the prefix length of IPv4 goes from 0 to 32"),
        ("10.0.0.1/", "the prefix length of IPv4 goes from 0 to 32"),
        (f"10.0.0.{'9' * 5000}", "999999999 is more than 255"),
    ],
)
def test_of_an_address_the_wrong_number_is_named(text: str, cause: str) -> None:
    for read in (names.address, names.destination, names.host_address):
        with pytest.raises(InvalidInput) as error:
            read(text)
        assert error.value.cause.startswith(cause)
    with pytest.raises(InvalidInput, match=cause[:20]):
        names.host(text, "ping")


@pytest.mark.parametrize("text", ["10.0.0.1", "10.0.0.1/24", "www.example.org", "7", "", "1.2.a"])
def test_what_is_no_broken_address_has_no_fault(text: str) -> None:
    assert names.dotted_fault(text) == ""
