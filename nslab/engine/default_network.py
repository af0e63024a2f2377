"""What is outside the pseudo-host: a switch, a machine on the LAN, a router, the internet.

::

    internet  203.0.113.80 (www.example.org), 8.8.8.8 (a name server)
       │ 203.0.113.0/24
    router    203.0.113.1, 198.51.100.1
       │
    switch ── lan  198.51.100.20
       │ 198.51.100.0/24
    eth0 of the pseudo-host  198.51.100.10

All addresses but 8.8.8.8 are documentation prefixes (RFC 5737).  The internet has a route back to
198.51.100.0/24 only, so a packet with a private source is not answered, as outside.

Made by the same actions that a learner uses, in the agent and in the fake engine alike.
"""

from __future__ import annotations

from nslab.network.actions import Action, AddAddress, AddBridge, AddRoute, AddVeth, SetUp, Sysctl

WEB, NAME_SERVER = "203.0.113.80", "8.8.8.8"
DOMAIN = "example.org"
"""What the name server knows: www in it is the web server."""
STUB = "127.0.0.53"
"""A name server on the pseudo-host's own loopback, for hosts whose resolv.conf names one."""

ACTIONS: tuple[Action, ...] = (
    AddBridge("br0", stp=False, forward_delay=0, multicast_snooping=False, ns="switch"),
    AddVeth(
        "to-host",
        "eth0",
        ns="switch",
        peer_ns=None,
        master="br0",
        up=True,
        mac="02:00:00:00:10:01",
        peer_mac="00:0c:29:b7:67:7d",
    ),
    AddVeth(
        "to-lan",
        "eth0",
        ns="switch",
        peer_ns="lan",
        master="br0",
        up=True,
        mac="02:00:00:00:10:02",
        peer_mac="02:00:00:00:00:20",
    ),
    AddVeth(
        "to-router",
        "eth0",
        ns="switch",
        peer_ns="router",
        master="br0",
        up=True,
        mac="02:00:00:00:10:03",
        peer_mac="02:00:00:00:00:01",
    ),
    SetUp("br0", ns="switch"),
    SetUp("lo", ns="switch"),
    AddVeth(
        "eth1",
        "eth0",
        ns="router",
        peer_ns="internet",
        up=True,
        mac="02:00:00:00:01:01",
        peer_mac="02:00:00:00:01:80",
    ),
    SetUp("lo", ns="router"),
    SetUp("eth0", ns="router"),
    AddAddress("eth0", "198.51.100.1/24", ns="router"),
    AddAddress("eth1", "203.0.113.1/24", ns="router"),
    SetUp("lo", ns="internet"),
    SetUp("eth0", ns="internet"),
    AddAddress("lo", "8.8.8.8/32", ns="internet"),
    AddAddress("eth0", "203.0.113.80/24", ns="internet"),
    AddRoute("198.51.100.0/24", via="203.0.113.1", ns="internet"),
    SetUp("lo", ns="lan"),
    SetUp("eth0", ns="lan"),
    AddAddress("eth0", "198.51.100.20/24", ns="lan"),
    AddRoute("default", via="198.51.100.1", ns="lan"),
    SetUp("lo"),
    SetUp("eth0"),
    AddAddress("eth0", "198.51.100.10/24"),
    AddRoute("default", via="198.51.100.1"),
    AddRoute("8.8.8.0/24", via="203.0.113.80", ns="router"),
    Sysctl("net.ipv4.ip_forward", "1", ns="router"),
)
