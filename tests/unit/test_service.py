"""What deploy/hub/install gives to the system, looked at by the system's own programs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nslab.doctor.checks import ENOUGH_NEIGHBOURS

ROOT = Path(__file__).resolve().parents[2]
HUB = ROOT / "deploy" / "hub"


def verified(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """What systemd says of the unit, as it is for a hub in that folder."""
    program = folder / "venv" / "bin" / "jupyterhub"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = folder / "nslab-hub.service"
    unit.write_text(text.replace("@PREFIX@", str(folder)))
    words = ("systemd-analyze", "verify", "--man=no", str(unit))
    return subprocess.run(words, capture_output=True, text=True)


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    said = verified(tmp_path, (HUB / "nslab-hub.service").read_text())
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("KillMode=process", "KilMode=process"), ("bin/jupyterhub", "bin/jupiterhub")],
)
def test_a_slip_in_the_unit_would_be_said(tmp_path: Path, right: str, wrong: str) -> None:
    text = (HUB / "nslab-hub.service").read_text()
    assert right in text
    said = verified(tmp_path, text.replace(right, wrong))
    assert wrong.partition("=")[0] in said.stderr


def parsed(text: str) -> subprocess.CompletedProcess[str]:
    """What AppArmor's parser says, which neither caches nor loads anything.

    That of Debian 12 is older than the word for user namespaces, and than the list of features
    that has it: for such a one both are taken out, and the rest is parsed.
    """
    parser = shutil.which("apparmor_parser", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert parser, "there is no apparmor_parser: script/test installs it"
    version = subprocess.run((parser, "--version"), capture_output=True, text=True)
    if int(re.findall(r"version (\d+)", version.stdout)[0]) < 4:
        text = text.replace("<abi/4.0>", "<abi/3.0>").replace("  userns,\n", "")
    words = (parser, "--skip-kernel-load", "--skip-cache", "--quiet")
    return subprocess.run(words, input=text, capture_output=True, text=True)


PROFILES = {
    "hub": HUB / "nslab_hub" / "nslab-hub.apparmor",
    "kubernetes": ROOT / "deploy/kubernetes/profiles/nslab.apparmor",
}


@pytest.mark.parametrize("name", PROFILES)
def test_apparmor_takes_the_profiles(name: str) -> None:
    text = PROFILES[name].read_text().replace("@PYTHON@", "/usr/bin/python3.12")
    assert "userns," in text
    said = parsed(text)
    assert said.returncode == 0, said.stderr
    assert parsed(text.replace("flags=(unconfined)", "flags=(unconfinde)")).returncode != 0


def test_the_hubs_machine_has_as_many_neighbours_as_the_doctor_wants() -> None:
    lines = (HUB / "nslab_hub" / "nslab-hub.sysctl").read_text().splitlines()
    rows = [line.split(" = ") for line in lines if not line.startswith("#")]
    assert {family: int(rows[n][1]) for n, family in ((2, "ipv4"), (5, "ipv6"))} == {
        "ipv4": ENOUGH_NEIGHBOURS,
        "ipv6": ENOUGH_NEIGHBOURS,
    }
    assert [row[0] for row in rows] == [
        f"net.{family}.neigh.default.gc_thresh{n}" for family in ("ipv4", "ipv6") for n in (1, 2, 3)
    ]
    for key, _ in rows:
        assert Path("/proc/sys", *key.split(".")).exists(), "as this kernel calls it"
