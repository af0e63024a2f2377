"""Numbers of linux/rtnetlink.h and the words that iproute2 has for them."""

from __future__ import annotations

SCOPE = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
ROUTE_KIND = {
    1: "unicast",
    2: "local",
    3: "broadcast",
    4: "anycast",
    5: "multicast",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
    9: "throw",
}
PROTOCOL = {1: "redirect", 2: "kernel", 3: "boot", 4: "static", 9: "ra", 16: "dhcp", 186: "bgp"}
