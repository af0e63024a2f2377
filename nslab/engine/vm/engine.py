"""The engine: finds or makes an image and a state, wakes a machine, and speaks with its agent."""

from __future__ import annotations

import os
import sys
import time

from nslab.engine import messages as m
from nslab.engine import stopping, telling
from nslab.engine.protocol import Options
from nslab.engine.remote import AgentEngine
from nslab.engine.telling import DONE, Tell
from nslab.engine.vm import image, saved_state
from nslab.engine.vm.machine import Machine
from nslab.engine.vm.saved_state import State
from nslab.engine.vm.trouble import NoMachine
from nslab.errors import Interrupted

START_LIMIT = 60.0
"""Seconds in which a woken machine must have made the lab's world; emulated it takes about one."""


class VmEngine(AgentEngine):
    """A lab in a virtual machine, made by any user and without a privilege.

    The first lab makes what is missing: the image (a minute, once) and the state (some seconds,
    after each change of QEMU or nslab).

    :raises EngineUnavailable: no machine can run here; says why and what to do
    """

    name = "vm"

    def __init__(self, options: Options | None = None) -> None:
        options = options or Options()
        with stopping.Region():
            try:
                woken = _woken(options.name)
            except KeyboardInterrupt:
                raise Interrupted(
                    "start a lab",
                    options.name,
                    "you stopped it",
                    "nothing is left of it but what was downloaded",
                ) from None
            start = m.Start(options, clock=time.time_ns(), seed=os.urandom(64))
            super().__init__(options, woken, start, START_LIMIT)


def _woken(name: str) -> Machine:
    with stopping.Raising():  # to make one takes minutes, and can be broken off anywhere
        found = ready(telling.begin())
    try:
        return found.wake(name)
    except NoMachine:
        # Written by a QEMU that was replaced meanwhile, or damaged: made anew, once.
        found.forget()
        with stopping.Raising():
            found = ready(telling.begin())
        return found.wake(name)


def ready(tell: Tell, *, build: bool = False) -> State:
    """The state that a lab wakes from; made first if it is not there.

    :param build: have the newest packages, even if there is an image
    :raises EngineUnavailable: it cannot be made
    """
    if sys.platform != "linux":
        raise NoMachine(f"this is {sys.platform}, not Linux", "use the Vagrant VM: see the README")
    made = None if build else image.newest()
    if made is None:
        made = image.build(lambda what, done: tell(what, done * 0.8))
    with image.locked("state"):
        for accelerator in saved_state.accelerators(made):
            found = State(made, accelerator)
            if found.saved:
                return found
            try:
                found.make(lambda what, done: tell(what, 0.8 + done * 0.2))
            except NoMachine:
                if accelerator == "kvm":
                    saved_state.refused_kvm(made).touch()
                    continue
                if not made.whole():
                    tell("the image is damaged: making a new one", 0.0)
                    found = _again(made, tell)
                else:
                    raise
            tell(DONE, 1.0)
            return found
    raise AssertionError("the list of accelerators ends with tcg")


def _again(made: image.Image, tell: Tell) -> State:
    fresh = image.build(tell)
    found = State(fresh, "tcg")
    found.make(tell)
    return found
