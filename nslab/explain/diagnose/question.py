"""What is asked: an address or a name, and a port or a size."""

from __future__ import annotations

import ipaddress
import re

from nslab.errors import InvalidInput
from nslab.explain.trace import routing
from nslab.network.model import Namespace, Snapshot, Value
from nslab.network.names import dotted_fault

_OPERATION = "explain the way to"
PROTOCOLS = ("icmp", "tcp", "udp")
LARGEST = 65507
"""Bytes that an echo can carry."""


class Question(Value, frozen=True):
    """Where to, and with what.  Either ``address`` or ``name`` is set."""

    target: str
    address: str = ""
    name: str = ""
    port: int = 0
    protocol: str = "icmp"
    size: int | None = None

    @property
    def v6(self) -> bool:
        return ":" in self.address


def question(
    snapshot: Snapshot,
    target: str,
    port: int | None = None,
    protocol: str | None = None,
    size: int | None = None,
) -> Question:
    """The question in its parts.

    >>> from nslab.network.model import Namespace, Snapshot
    >>> nothing = Snapshot(namespaces=(Namespace(inode=1, role="host", label="host"),))
    >>> question(nothing, "203.0.113.80:80").port
    80

    :raises InvalidInput: no way leads to such a target, or its parts do not go together
    """
    host, written = _split(target)
    if written and port and written != port:
        raise InvalidInput(
            _OPERATION, repr(target), f"it names port {written}, and port={port}", "name one"
        )
    port = written or port or 0
    protocol = protocol or ("tcp" if port else "icmp")
    _go_together(target, port, protocol, size)
    address = _address(snapshot, host)
    return Question(
        target=_shown(address or host, port, protocol),
        address=address or "",
        name="" if address else host,
        port=port,
        protocol=protocol,
        size=size,
    )


def _go_together(target: str, port: int, protocol: str, size: int | None) -> None:
    if port not in range(65536) or protocol not in PROTOCOLS:
        raise InvalidInput(
            _OPERATION,
            f"port {port} by {protocol}",
            "there is no such port or protocol",
            f"a port is below 65536, a protocol one of {', '.join(PROTOCOLS)}",
        )
    if (protocol == "icmp") == bool(port):
        raise InvalidInput(
            _OPERATION,
            repr(target),
            "icmp has no ports" if port else f"{protocol} needs a port",
            'such as lab.why("ns1", "203.0.113.80:80")',
        )
    if size is not None and (port or size not in range(LARGEST + 1)):
        raise InvalidInput(
            _OPERATION,
            repr(target),
            "a size is for a ping" if port else f"no ping carries {size} bytes",
            f"without a port, and up to {LARGEST}",
        )


def _shown(host: str, port: int, protocol: str) -> str:
    if not port:
        return host
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return where if protocol == "tcp" else f"{where} ({protocol})"


def _split(target: str) -> tuple[str, int]:
    """The host, and the port behind it or 0: ``host:80``, ``[fd00::1]:80``."""
    found = re.fullmatch(r"\[([^]]*)\](?::(\d{1,5}))?|([^:]+):(\d{1,5})", target)
    if found is None:
        return target, 0
    return found[1] or found[3] or "", int(found[2] or found[4] or 0)


def _address(snapshot: Snapshot, target: str) -> str | None:
    """The address in plain form; None for a name."""
    try:
        address = ipaddress.ip_address(target)
    except ValueError:
        for namespace in snapshot:
            if target == namespace.label or target in namespace.names:
                raise InvalidInput(
                    _OPERATION,
                    repr(target),
                    "that is a namespace, which may have many addresses",
                    f"name one of them: {', '.join(_addresses(namespace)) or 'it has none'}",
                ) from None
        if fault := dotted_fault(target):
            raise InvalidInput(_OPERATION, repr(target), fault, "such as 203.0.113.80") from None
        if not target or any(not (c.isalnum() or c in ".-_") for c in target):
            raise InvalidInput(
                _OPERATION,
                repr(target),
                "it is neither an address nor a name",
                "such as 203.0.113.80, without a prefix length, or www.example.org",
            ) from None
        return None
    broadcast = address.version == 4 and int(address) == (1 << 32) - 1
    if address.is_multicast or address.is_unspecified or broadcast:
        raise InvalidInput(
            _OPERATION, repr(target), "it is not the address of one host", "such as 203.0.113.80"
        )
    return str(address)


def _addresses(namespace: Namespace) -> list[str]:
    return [
        str(each.ip)
        for link in namespace.links
        for each in routing.interfaces(link)
        if not routing.is_loopback(link)
    ]
