"""Which engine a lab gets: the one that is named, else the first that can do what is needed.

This machine comes first, because a lab in it starts at once; then a virtual machine, whose kernel
has everything.  That this machine has a kind of link is not believed before it was tried.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from errno import ETIMEDOUT

from nslab.engine import protocol
from nslab.engine.protocol import Engine
from nslab.errors import EngineUnavailable, InvalidInput

VARIABLE = "NSLAB_ENGINE"
"""Names the engine of labs that are made without one."""

MODULES = {
    "veth": "veth",
    "bridge": "bridge",
    "macvlan": "macvlan",
    "ipvlan": "ipvlan",
    "vlan": "8021q",
    "vxlan": "vxlan",
    "br_netfilter": "br_netfilter",
}
"""What a lab may need, and the kernel's module for it."""

Make = Callable[[protocol.Options], Engine]
Tell = Callable[[str], None]
"""Hears, in one line, which engine was taken when it is not the first, and why."""


def choose(engine: str | None, needs: Sequence[str] = (), tell: Tell = lambda line: None) -> Make:
    """What makes the engines of a lab; nothing is tried before it is called.

    :param engine: ``local``, ``vm``, ``ssh:MACHINE`` or ``fake``; None for what :data:`VARIABLE`
        names, else the first of local and vm that runs and has what is needed
    :param needs: kinds of links that the kernel must have, of :data:`MODULES`
    :raises InvalidInput: there is no engine of that name, or nothing of that name to need
    """
    unknown = [need for need in needs if need not in MODULES]
    if unknown:
        raise InvalidInput(
            "make a lab that has",
            ", ".join(map(repr, unknown)),
            "nslab cannot check for it",
            "needs= takes: " + ", ".join(sorted(MODULES)),
        )
    named = engine or os.environ.get(VARIABLE)
    return factory(named) if named else _Choice(needs, tell)


def factory(engine: str | None) -> Make:
    """What makes engines of a kind: ``local``, ``vm``, ``ssh:MACHINE`` or ``fake``.

    None for the kind that :data:`VARIABLE` names, else ``local``.
    """
    engine = engine or os.environ.get(VARIABLE) or "local"
    if engine == "local":
        from nslab.engine.local import LocalEngine

        return LocalEngine
    if engine == "vm":
        from nslab.engine.vm.engine import VmEngine

        return VmEngine
    if engine.startswith("ssh:"):
        from nslab.engine.ssh import engine_at

        return engine_at(engine.removeprefix("ssh:"))
    if engine == "fake":
        from nslab.engine.fake import FakeEngine

        return FakeEngine
    raise InvalidInput(
        "use the engine",
        repr(engine),
        "there is none of that name",
        "local, vm, ssh:MACHINE or fake",
    )


class _Choice:
    """Makes engines of the first kind that can, and of the same kind from then on."""

    def __init__(self, needs: Sequence[str], tell: Tell) -> None:
        self._needs = tuple(needs)
        self._tell = tell
        self._made: Make | None = None

    def __call__(self, options: protocol.Options) -> Engine:
        if self._made is not None:
            return self._made(options)
        lacking = missing(self._needs) if self._needs else None
        if lacking is None:
            try:
                engine = factory("local")(options)
            except EngineUnavailable as refused:
                if refused.errno == ETIMEDOUT:
                    raise  # a virtual machine would make a busy machine busier
                lacking = refused
            else:
                self._made = factory("local")
                return engine
        try:
            engine = factory("vm")(options)
        except EngineUnavailable as refused:
            raise _neither(lacking, refused) from refused
        self._made = factory("vm")
        self._tell(f"nslab: the lab is in a virtual machine, because {lacking.cause}")
        return engine


def missing(needs: Sequence[str]) -> EngineUnavailable | None:
    """Why this machine cannot do what is needed, as far as a trial shows; None if it can."""
    from nslab.engine import refusal

    steps = {step.name: step for step in refusal.attempt()}
    for step in steps.values():
        if step.needed and step.errno:
            return refusal.explain(step.name, step.errno, step.detail)
    lacking = [
        need for need in needs if f"add a {need}" not in steps or steps[f"add a {need}"].errno
    ]
    if not lacking:
        return None
    modules = " ".join(MODULES[need] for need in lacking)
    return EngineUnavailable(
        "start a lab",
        "here",
        f"this kernel ({os.uname().release}) has no {' and no '.join(lacking)}",
        f"sudo modprobe -a {modules}",
    )


def _neither(here: EngineUnavailable, vm: EngineUnavailable) -> EngineUnavailable:
    """The error where neither this machine nor a virtual one will do."""
    cause = f"{here.cause}; and no virtual machine can stand in: {vm.cause}"
    hint = "\n".join(line for line in (here.hint, vm.hint and "or " + vm.hint) if line)
    return EngineUnavailable("start a lab", "here", cause, hint, errno=here.errno)
