"""ping, traceroute, curl and host, run in a namespace, and their words read."""

from __future__ import annotations

import re
from ipaddress import ip_address

from nslab.engine.protocol import Command, Engine
from nslab.errors import InvalidInput, NotFound
from nslab.network import names
from nslab.session.traffic.answers import (
    FetchResult,
    Hop,
    PingResult,
    ResolveResult,
    TracerouteResult,
)

_C = {"LC_ALL": "C"}
"""The tools' answers are read, so they are to be in one language."""


def _run(engine: Engine, ns: str | None, target: str, *argv: str) -> tuple[int, str, str]:
    """Run a tool; by a name only with the namespace's own files, which takes longer to set up."""
    pieces: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    view = "net" if _is_address(target) else "full"
    completed = engine.run(
        Command(argv=argv, ns=ns, view=view, timeout=120, environment=_C),  # type: ignore[arg-type]
        lambda stream, data: pieces[stream].append(data),
    )
    out, err = (b"".join(pieces[name]).decode(errors="replace") for name in pieces)
    return completed.returncode, out, err


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _where(ns: str | None) -> tuple[str | None, str]:
    inside = names.namespace_reference(ns)
    return inside, inside or "host"


_REPLY = re.compile(
    r"^\d+ bytes from (?:.*\()?([^\s():]+(?::[0-9a-f:]+)?)\)?: .*ttl=(\d+)"
    r"(?: time=([\d.]+))?",
    re.M,
)
_REFUSAL = re.compile(r"^From (?:.*\()?([0-9a-f.:]+?)\)?:? icmp_seq=\d+ (.*)$", re.M)
_TOTAL = re.compile(r"(\d+) packets transmitted, (\d+) received")


def ping(
    engine: Engine,
    ns: str | None,
    target: str,
    identifier: int,
    *,
    count: int,
    interval: float,
    timeout: float,
    size: int | None,
) -> PingResult:
    """See :meth:`nslab.Lab.ping`."""
    inside, label = _where(ns)
    names.host(target, "ping")
    if count < 1 or not 0 < timeout <= 60:
        raise InvalidInput(
            "ping",
            target,
            "that is not a number of pings or a time to wait",
            "count from 1 on, timeout up to 60 seconds",
        )
    words = [
        "ping",
        "-n",
        "-c",
        str(count),
        "-i",
        f"{interval:g}",
        "-W",
        f"{timeout:g}",
        "-e",
        str(identifier),
    ]
    if size is not None:
        words += ["-s", str(size)]
    _, out, err = _run(engine, inside, target, *words, target)
    replies = _REPLY.findall(out)
    total = _TOTAL.search(out)
    sent, received = (int(total[1]), int(total[2])) if total else (0, 0)
    error = ""
    if not received:
        refusal = _REFUSAL.search(out)
        complaint = err.strip().rpartition("\n")[2].removeprefix("ping: ")
        if refusal:
            says = "no answer to ARP" if refusal[1] in _own(engine, inside) else ""
            error = f"{refusal[2]}, says {refusal[1]}" + (f" ({says})" if says else "")
        else:
            error = complaint.removeprefix("connect: ") or f"no answer within {timeout:g} s"
    return PingResult(
        ns=label,
        target=target,
        error=error,
        output=out + err,
        sent=sent,
        received=received,
        answered_by=replies[0][0] if replies else "",
        ttl=int(replies[0][1]) if replies else 0,
        times=tuple(float(reply[2]) for reply in replies if reply[2]),
    )


def _own(engine: Engine, ns: str | None) -> set[str]:
    """The addresses of a namespace: an error that comes from there is the namespace's own."""
    try:
        return engine.snapshot().namespace(ns).own_addresses
    except NotFound:
        return set()


_HOP = re.compile(r"^ *(\d+) +(?:([0-9a-f.:]+) +([\d.]+) ms(?: +(!\S*))?|\*)", re.M)


def traceroute(
    engine: Engine, ns: str | None, target: str, *, hops: int, timeout: float
) -> TracerouteResult:
    """See :meth:`nslab.Lab.traceroute`."""
    inside, label = _where(ns)
    names.host(target, "trace the way to")
    _, out, err = _run(
        engine,
        inside,
        target,
        "traceroute",
        "-n",
        "-q",
        "1",
        "-N",
        "1",
        "-w",
        f"{timeout:g}",
        "-m",
        str(hops),
        target,
    )
    found = tuple(
        Hop(int(number), address, float(milliseconds or 0), mark)
        for number, address, milliseconds, mark in _HOP.findall(out)
    )
    first = re.search(r"^traceroute to \S+ \(([^)]+)\)", out)
    reached = bool(found and first and found[-1].address == first[1] and not found[-1].mark)
    while len(found) > 1 and not found[-1].address and not found[-2].address:
        found = found[:-1]  # one silent hop at the end says as much as twenty
    error = ""
    if not reached:
        complaint = err.strip().rpartition("\n")[2].removeprefix("connect: ")
        error = complaint or f"{target} was not reached"
    return TracerouteResult(ns=label, target=target, error=error, output=out + err, hops=found)


def http(engine: Engine, ns: str | None, url: str, port: int, *, timeout: float) -> FetchResult:
    """See :meth:`nslab.Lab.http`."""
    inside, label = _where(ns)
    found = re.fullmatch(
        r"(?:http://)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_][A-Za-z0-9_.-]*)"
        r"(:\d+)?(/[!-~]*)?",
        url,
    )
    if not found:
        raise InvalidInput(
            "fetch",
            repr(url),
            "it is not an http address",
            "such as http://www.example.org/ or 203.0.113.80",
        )
    code, out, err = _run(
        engine,
        inside,
        found[1].strip("[]"),
        "curl",
        "-4" if "[" not in url else "-6",
        "-sS",
        "-g",
        "-i",
        "--max-time",
        f"{timeout:g}",
        "--local-port",
        f"{port}-{port + 999}",
        "--noproxy",
        "*",
        "--url",
        url if url.startswith("http://") else f"http://{url}",
    )
    head, _, body = out.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    status = re.match(r"HTTP/\S+ (\d+) ?(.*)", first)
    error = ""
    if code or not status:
        error = re.sub(r"^curl: (\(\d+\) )?", "", err.strip().rpartition("\n")[2])
        error = re.sub(r" after \d+ ms", "", error) or "no answer"
        error = re.sub(r"timed out.*", f"timed out after {timeout:g} s", error)
    elif int(status[1]) >= 400:
        error = f"{status[1]} {status[2]}"
    headers = {
        key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    return FetchResult(
        ns=label,
        target=url,
        error=error,
        output=out + err,
        body=body,
        headers=headers,
        status=int(status[1]) if status else 0,
        reason=status[2] if status else "",
    )


_ADDRESS = re.compile(r"^\S+ has (?:IPv6 )?address (\S+)$", re.M)


def resolve(
    engine: Engine, ns: str | None, name: str, server: str | None, *, timeout: float
) -> ResolveResult:
    """See :meth:`nslab.Lab.resolve`."""
    inside, label = _where(ns)
    names.host(name, "resolve")
    # The server stands in the namespace's own resolv.conf, so it is never enough to go there.
    words = ["host", "-R", "1", "-W", str(max(1, round(timeout))), "-t", "A", name]
    if server is not None:
        words.append(names.host_address(server))
    _, out, err = _run(engine, inside, "by name", *words)
    addresses = tuple(_ADDRESS.findall(out))
    error = ""
    if not addresses:
        refused = re.search(r"not found: \d+\((\w+)\)", out)
        if refused:
            error = f"the name server says: {refused[1]}"
            if refused[1] == "NXDOMAIN":
                error += " (there is no such name)"
        elif "no servers could be reached" in out:
            unreachable = re.search(
                r"(network unreachable|host unreachable|connection refused)", out
            )
            error = f"no name server answers{f': {unreachable[1]}' if unreachable else ''}"
        else:
            error = f"{name} has no address"
    return ResolveResult(ns=label, target=name, error=error, output=out + err, addresses=addresses)
