"""``nslab vm``: the virtual machine that labs may live in, made, looked at, removed."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from nslab.errors import EngineUnavailable


def build(update: bool) -> None:
    """Make the image and the state that labs wake from; newest packages if ``update``."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from nslab.engine.vm.engine import ready

    console = Console(stderr=True, highlight=False)
    columns = (
        BarColumn(24),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=1.0)
        last = ""

        def tell(what: str, done: float) -> None:
            nonlocal last
            progress.update(task, completed=done, description=what)
            stage = what.partition(" ")[0]
            if not console.is_terminal and stage != last:
                last = stage
                console.print(f"{done:4.0%} {what}")

        begun = time.monotonic()
        state = ready(tell, build=update)
        progress.update(task, completed=1.0, description="done")
    took = time.monotonic() - begun
    made = state.image
    print(
        f"ready after {took:.0f} s: Linux {made.kernel}, {len(made.packages)} packages, "
        f"{made.size >> 20} MB, {state.accelerator}"
    )
    print("try it: python -c \"from nslab import Lab; print(Lab(engine='vm'))\"")


def status(as_json: bool) -> bool:
    """Print what there is; whether a lab can start at once."""
    found = _status()
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        for key, value in found.items():
            print(f"{key:<10} {value}")
    return bool(found["ready"] == "yes")


def _status() -> dict[str, Any]:
    from nslab.engine.vm import image, qemu, saved_state

    found: dict[str, Any] = {"ready": "no: run nslab vm build"}
    try:
        path = qemu.find()
        words = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        found["qemu"] = words.stdout.partition("\n")[0] or words.stderr.partition("\n")[0]
    except EngineUnavailable as error:
        found["ready"] = "no: see qemu"
        found["qemu"] = f"{error.cause}: {error.hint}"
        path = ""
    found["directory"] = f"{image.cache()} ({image.used() >> 20} MB)"
    made = image.newest()
    others = len(image.images()) - (made is not None)
    if made is None:
        found["image"] = "none" + (f" for this nslab ({others} for others)" if others else "")
    else:
        built = time.strftime("%Y-%m-%d", time.localtime(made.built))
        found["image"] = f"Linux {made.kernel}, {made.size >> 20} MB, made {built}"
        if others:
            found["image"] += f"; {others} old: nslab vm clean"
    found["kvm"] = _kvm(made)
    if made is not None and path:
        states = [saved_state.State(made, kind) for kind in saved_state.accelerators(made)]
        saved = [one.accelerator for one in states if one.saved]
        found["state"] = f"saved, {saved[0]}" if saved else "none: the first lab makes it"
        found["ready"] = "yes" if saved else "nearly: the first lab boots the machine, some seconds"
    found["labs"] = ", ".join(_running()) or "none running"
    return found


def _running() -> list[str]:
    """The names of the labs whose machine was made of what is in this cache."""
    from nslab.engine import labs
    from nslab.engine.vm import image

    place = f"{image.cache()}/".encode()
    found = []
    for lab in labs.running():
        if lab.engine == "vm" and lab.uid == os.geteuid():
            with contextlib.suppress(OSError):
                if place in Path(f"/proc/{lab.pid}/cmdline").read_bytes():
                    found.append(lab.name)
    return found


def _kvm(made: Any) -> str:
    from nslab.engine.vm import saved_state

    if not os.path.exists("/dev/kvm"):
        return "not here: the machine is emulated"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "this user may not use /dev/kvm: the machine is emulated (join the group kvm)"
    if made is None:
        return "/dev/kvm is there; the first start tries it"
    if saved_state.refused_kvm(made).exists():
        return "/dev/kvm is there, but a machine did not start with it: it is emulated"
    return "used"


def clean(downloads: bool, everything: bool) -> None:
    """Remove what is not needed any longer."""
    from nslab.engine.vm import image

    if everything and _running():
        print("a lab in a virtual machine is running: close it first", file=sys.stderr)
        raise SystemExit(1)
    freed = image.clean(downloads=downloads, all_of_it=everything)
    print(f"{freed >> 20} MB freed, {image.used() >> 20} MB kept in {image.cache()}")
