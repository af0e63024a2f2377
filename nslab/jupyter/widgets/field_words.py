"""What a field of a header is: its name in the standard, where scapy's is another or is short.

Each says after its name what it holds, and where that is laid down.
"""

from __future__ import annotations

from collections.abc import Mapping

from nslab.jupyter.widgets import words
from nslab.jupyter.widgets.phrases import noted

_IP = {
    "version": noted("Version: 4, or 6"),
    "ihl": noted("IHL, Internet Header Length: the header's length in units of 4 bytes"),
    "tos": noted("DSCP and ECN, once Type of Service: how urgent it is (RFC 2474, RFC 3168)"),
    "len": noted("Total Length: header and data, in bytes"),
    "id": noted("Identification: the same in all fragments of one packet"),
    "flags": noted("Flags: DF, do not fragment; MF, more fragments follow"),
    "frag": noted("Fragment Offset: where this part belongs, in units of 8 bytes"),
    "ttl": noted("Time to Live: each router takes one off; at 0 the packet is dropped"),
    "proto": noted("Protocol: what the data is, such as 1 ICMP, 6 TCP, 17 UDP"),
    "chksum": noted("Header Checksum: over the header alone"),
    "src": noted("Source Address"),
    "dst": noted("Destination Address"),
    "options": noted("Options: seldom there"),
}
_ICMP = {
    "type": noted("Type: 8 echo request, 0 echo reply, 3 unreachable, 11 time exceeded"),
    "code": noted("Code: of which kind, within the type"),
    "chksum": noted("Checksum: over header and data"),
    "id": noted("Identifier: which ping it belongs to"),
    "seq": noted("Sequence Number: counts the requests of that ping"),
    "gw": noted("Gateway Internet Address: the better router, in a redirect"),
    "ptr": noted("Pointer: the byte in which the error is"),
    "ts_ori": noted("Originate Timestamp"),
    "ts_rx": noted("Receive Timestamp"),
    "ts_tx": noted("Transmit Timestamp"),
    "addr_mask": noted("Address Mask"),
    "reserved": noted("Reserved: always 0"),
    "unused": noted("Unused: always 0"),
    "length": noted("Length of the quoted packet, in units of 4 bytes (RFC 4884)"),
    "nexthopmtu": noted("Next-Hop MTU: the largest packet that fits (RFC 1191)"),
    "extpad": noted("Padding of the quoted packet (RFC 4884)"),
    "ext": noted("Extensions (RFC 4884)"),
}
_TCP = {
    "sport": noted("Source Port"),
    "dport": noted("Destination Port"),
    "seq": noted("Sequence Number: of the first byte of data"),
    "ack": noted("Acknowledgment Number: of the byte that is expected next"),
    "dataofs": noted("Data Offset: the header's length in units of 4 bytes"),
    "reserved": noted("Reserved: always 0"),
    "flags": noted("Control Bits: S SYN, A ACK, P PSH, F FIN, R RST, U URG, E ECE, C CWR"),
    "window": noted("Window: how many bytes more may be sent"),
    "chksum": noted("Checksum: over header and data, and the addresses of IP"),
    "urgptr": noted("Urgent Pointer: where urgent data ends"),
    "options": noted("Options, such as MSS, the largest segment, and timestamps"),
}
_UDP = {
    "sport": noted("Source Port"),
    "dport": noted("Destination Port"),
    "len": noted("Length: header and data, in bytes"),
    "chksum": noted("Checksum: over header and data, and the addresses of IP"),
}
_NEIGHBOURS = {
    "type": noted("Type: of the message, or of the option"),
    "code": noted("Code: always 0"),
    "cksum": noted("Checksum: over the message, and the addresses of IP"),
    "id": noted("Identifier: which ping it belongs to"),
    "seq": noted("Sequence Number: counts the requests of that ping"),
    "data": noted("Data"),
    "res": noted("Reserved: always 0"),
    "tgt": noted("Target Address: whose MAC is asked for, or told"),
    "R": noted("Router flag: the sender is a router"),
    "S": noted("Solicited flag: an answer to a question"),
    "O": noted("Override flag: takes the place of what was known"),
    "len": noted("Length: of the option, in units of 8 bytes"),
    "lladdr": noted("Link-Layer Address: a MAC address"),
}

FIELDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Ethernet": (
        "IEEE 802.3",
        {
            "dst": noted("Destination Address: the MAC of the card that it is for"),
            "src": noted("Source Address: the MAC of the card that sent it"),
            "type": noted("EtherType: what the data is, such as 0x800 IPv4, 0x806 ARP"),
        },
    ),
    "802.3": (
        "IEEE 802.3",
        {
            "dst": noted("Destination Address: the MAC of the card that it is for"),
            "src": noted("Source Address: the MAC of the card that sent it"),
            "len": noted("Length: of the data, in bytes"),
        },
    ),
    "LLC": (
        "IEEE 802.2",
        {
            "dsap": noted("Destination Service Access Point: 0x42 is the spanning tree"),
            "ssap": noted("Source Service Access Point: 0x42 is the spanning tree"),
            "ctrl": noted("Control: 3 is a frame without a number"),
        },
    ),
    "802.1Q": (
        "IEEE 802.1Q",
        {
            "prio": noted("PCP, Priority Code Point: 0 to 7"),
            "dei": noted("DEI, Drop Eligible Indicator: may be dropped first"),
            "vlan": noted("VID, VLAN Identifier: which VLAN it belongs to"),
            "type": noted("EtherType: what the data is, such as 0x800 IPv4, 0x806 ARP"),
        },
    ),
    "Spanning Tree Protocol": (
        "IEEE 802.1D",
        {
            "proto": noted("Protocol Identifier: always 0"),
            "version": noted("Protocol Version Identifier: 0 is STP, 2 RSTP"),
            "bpdutype": noted("BPDU Type: 0 is a configuration"),
            "bpduflags": noted("Flags: whether the topology changes"),
            "rootid": noted("Root Identifier: the priority of the root bridge"),
            "rootmac": noted("Root Identifier: the MAC of the root bridge"),
            "pathcost": noted("Root Path Cost: how far the root is"),
            "bridgeid": noted("Bridge Identifier: the priority of the sender"),
            "bridgemac": noted("Bridge Identifier: the MAC of the sender"),
            "portid": noted("Port Identifier: of the port that sent it"),
            "age": noted("Message Age: seconds since the root sent it; each bridge adds one"),
            "maxage": noted("Max Age: seconds after which it is forgotten"),
            "hellotime": noted("Hello Time: seconds between two of them"),
            "fwddelay": noted("Forward Delay: seconds that a port listens, then learns"),
        },
    ),
    "ARP": (
        "RFC 826",
        {
            "hwtype": noted("Hardware Type (ar$hrd): 1 is Ethernet"),
            "ptype": noted("Protocol Type (ar$pro): 0x800 is IPv4"),
            "hwlen": noted("Hardware Address Length (ar$hln): a MAC has 6 bytes"),
            "plen": noted("Protocol Address Length (ar$pln): an IPv4 address has 4 bytes"),
            "op": noted("Operation (ar$op): 1 a question, who-has; 2 an answer, is-at"),
            "hwsrc": noted("Sender Hardware Address (ar$sha): the sender's MAC"),
            "psrc": noted("Sender Protocol Address (ar$spa): the sender's IP address"),
            "hwdst": noted("Target Hardware Address (ar$tha): 0 in a question"),
            "pdst": noted("Target Protocol Address (ar$tpa): whose MAC is asked for"),
        },
    ),
    "IP": ("RFC 791", _IP),
    "IP in ICMP": ("RFC 791", _IP),
    "ICMP": ("RFC 792", _ICMP),
    "ICMP in ICMP": ("RFC 792", _ICMP),
    "TCP": ("RFC 9293", _TCP),
    "TCP in ICMP": ("RFC 9293", _TCP),
    "UDP": ("RFC 768", _UDP),
    "UDP in ICMP": ("RFC 768", _UDP),
    "DNS": (
        "RFC 1035",
        {
            "length": noted("Length: of the message, where it goes by TCP"),
            "id": noted("ID: the same in question and answer"),
            "qr": noted("QR: 0 is a question, 1 an answer"),
            "opcode": noted("OPCODE: 0 is a usual question"),
            "aa": noted("AA, Authoritative Answer: from the server that owns the name"),
            "tc": noted("TC, TrunCation: cut, ask again by TCP"),
            "rd": noted("RD, Recursion Desired: the server is to ask others"),
            "ra": noted("RA, Recursion Available: the server does ask others"),
            "z": noted("Z: always 0"),
            "ad": noted("AD, Authentic Data: checked by DNSSEC (RFC 4035)"),
            "cd": noted("CD, Checking Disabled: not to be checked by DNSSEC (RFC 4035)"),
            "rcode": noted("RCODE: 0 no error, 3 no such name"),
            "qdcount": noted("QDCOUNT: how many questions"),
            "ancount": noted("ANCOUNT: how many answers"),
            "nscount": noted("NSCOUNT: how many records of servers"),
            "arcount": noted("ARCOUNT: how many additional records"),
            "qd": noted("Question: name, type and class"),
            "an": noted("Answer: the records that were asked for"),
            "ns": noted("Authority: who is responsible for the name"),
            "ar": noted("Additional: what may help beside"),
        },
    ),
    "IPv6": (
        "RFC 8200",
        {
            "version": noted("Version: 4, or 6"),
            "tc": noted("Traffic Class: how urgent it is (RFC 2474, RFC 3168)"),
            "fl": noted("Flow Label: the same for packets that belong together"),
            "plen": noted("Payload Length: all behind this header, in bytes"),
            "nh": noted("Next Header: what follows, such as 6 TCP, 17 UDP, 58 ICMPv6"),
            "hlim": noted("Hop Limit: each router takes one off; at 0 the packet is dropped"),
            "src": noted("Source Address"),
            "dst": noted("Destination Address"),
        },
    ),
}
"""By layer, as scapy calls it: where it is laid down, and its fields, as scapy calls them."""

_OTHERS = (("ICMPv6 Neighbor Discovery", "RFC 4861"), ("ICMPv6 Echo", "RFC 4443"))
"""How the names of further layers begin."""


def meaning(layer: str, field: str) -> str:
    """What a field is, in the reader's language; empty if it is not known here."""
    source, known = FIELDS.get(layer, ("", {}))
    for begin, rfc in _OTHERS:
        if layer.startswith(begin):
            source, known = rfc, _NEIGHBOURS
    text = known.get(field)
    if text is None:
        return ""
    said = words.say(text)
    return said if "RFC" in text else f"{said} ({source})"
