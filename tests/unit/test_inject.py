"""Many frames with one call: the layout of what sendmmsg takes."""

from __future__ import annotations

import socket

from nslab.engine.agent.packets import inject


def test_one_call_takes_many_frames() -> None:
    frames = [bytes([number]) * (14 + number) for number in range(50)]
    # Any socket of datagrams does, and needs no privilege.
    sending, receiving = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sending, receiving:
        receiving.settimeout(5)
        messages = inject._prepare(frames)
        # A queue of a Unix socket may be as short as ten.
        assert inject._some(sending, messages, 0, 8) == 8
        assert [receiving.recv(100) for _ in range(8)] == frames[:8]
        assert inject._some(sending, messages, 42, 8) == 8
        assert [receiving.recv(100) for _ in range(8)] == frames[42:]
