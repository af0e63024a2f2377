"""Captures and sends inside a lab in the ways that nslab is measured against.

Entered with nsenter.  Each line of input is a request, each line of output its answer in JSON::

    flood LINK RATE SECONDS SIZE     send frames; how many went
    scapy LINK, tcpdump LINK         capture in ns1 until "stop": frames, processor time
    sendp LINK COUNT SIZE            scapy's sendp(count=…): seconds
    hundred N                        N tcpdumps, one in each namespace n0 …: seconds to start, stop
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

FLOOD = sys.argv[1]


def answer(value: object) -> None:
    print(json.dumps(value), flush=True)


def enter(ns: str) -> None:
    """Bring this thread, the only one, into a namespace of the lab."""
    descriptor = os.open(f"/run/netns/{ns}", os.O_RDONLY)
    if ctypes.CDLL(None).setns(descriptor, 0):
        raise OSError(f"setns {ns}")
    os.close(descriptor)


def flood(link: str, rate: str, seconds: str, size: str) -> None:
    done = subprocess.run(
        [FLOOD, link, rate, seconds, size], capture_output=True, text=True, check=True
    )
    answer(int(done.stdout))


def in_child(work: Callable[[], Any]) -> None:
    """Do something in a process of its own, which inherits the pipes."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    os.waitpid(child, 0)


def scapy(link: str) -> None:
    """AsyncSniffer as it is: it stores, which is what a capture is for."""

    def work() -> None:
        enter("ns1")
        from scapy.all import AsyncSniffer  # after entering: it looks at the links

        started = threading.Event()
        before = time.process_time()
        sniffer = AsyncSniffer(iface=link, store=True, started_callback=started.set)
        sniffer.start()
        started.wait()
        answer("ready")
        sys.stdin.readline()
        time.sleep(0.2)  # what is in the socket's buffer still counts
        found = sniffer.stop(join=True)
        answer([len(found), time.process_time() - before])

    in_child(work)


def tcpdump(link: str) -> None:
    """To a file in memory, so that no disk is measured."""

    def work() -> None:
        enter("ns1")
        with tempfile.TemporaryDirectory(dir="/run") as place:
            process = subprocess.Popen(
                ["tcpdump", "-Z", "root", "-n", "-i", link, "-w", f"{place}/out"],
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stderr is not None
            process.stderr.readline()
            answer("ready")
            sys.stdin.readline()
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            said = process.stderr.read()
            process.wait()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        count = re.search(r"(\d+) packets? captured", said)
        assert count is not None
        answer([int(count[1]), used.ru_utime + used.ru_stime])

    in_child(work)


def sendp(link: str, count: str, size: str) -> None:
    """A packet that is bytes already; scapy has been imported before the clock starts."""

    def work() -> None:
        from scapy.layers.l2 import Ether
        from scapy.packet import Raw
        from scapy.sendrecv import sendp as send

        packet = Ether(dst="02:00:00:00:00:09", src="02:00:00:00:00:01", type=0x88B5)
        packet /= Raw(bytes(int(size) - 14))
        send(packet, iface=link, count=10, verbose=0)
        start = time.perf_counter()
        send(packet, iface=link, count=int(count), verbose=0)
        answer(time.perf_counter() - start)

    in_child(work)


def hundred(number: str) -> None:
    """All are started before the first is waited for, and stopped the same way."""
    with tempfile.TemporaryDirectory(dir="/run") as place:
        start = time.perf_counter()
        processes = [
            subprocess.Popen(
                [
                    "nsenter",
                    f"--net=/run/netns/n{n}",
                    "tcpdump",
                    "-Z",
                    "root",
                    "-n",
                    "-i",
                    "eth0",
                    "-w",
                    f"{place}/{n}",
                ],
                stderr=subprocess.PIPE,
            )
            for n in range(int(number))
        ]
        for process in processes:
            assert process.stderr is not None
            process.stderr.readline()
        started = time.perf_counter()
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate()
        answer([started - start, time.perf_counter() - started])


WAYS = {"flood": flood, "scapy": scapy, "tcpdump": tcpdump, "sendp": sendp, "hundred": hundred}

if __name__ == "__main__":
    for line in iter(sys.stdin.readline, ""):
        way, *words = line.split()
        WAYS[way](*words)
