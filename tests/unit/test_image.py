"""deploy/image: what the Dockerfile installs, and what a pod's settings become for runc.

tests/image/prove builds it and runs it.
"""

from __future__ import annotations

import re
from typing import Any

import oci
import pods
import pytest
from dockerfile import steps

from nslab.doctor.checks import PURPOSES
from nslab.network.programs import PACKAGES

ROOT = pods.KUBERNETES.parents[1]
TEXT = (ROOT / "deploy/image/Dockerfile").read_text()
NOT_IN_AN_IMAGE = {"bash", "python3-venv"}
"""The base has the one, a stage that is left behind the other."""


def stages() -> dict[str, str]:
    """The lines of each stage, by its name."""
    parts = re.split(r"^FROM (\S+) AS (\S+)$", TEXT, flags=re.MULTILINE)[1:]
    return {name: lines for _, name, lines in zip(*[iter(parts)] * 3, strict=True)}


def installed(stage: str) -> set[str]:
    """The packages that apt-get installs there."""
    found = re.findall(r"--no-install-recommends \\\n(.*?)\\\n    &&", stages()[stage], re.DOTALL)
    return {word for text in found for word in text.replace("\\", " ").split()}


def test_it_has_what_a_checkout_installs() -> None:
    common = (ROOT / "script/common.sh").read_text()
    listed = common.partition("SYSTEM_PACKAGES <<'END'")[2].partition("\nEND")[0]
    wanted = {line.split()[2] for line in listed.splitlines() if line[:1] in ("!", "-")}
    assert wanted - NOT_IN_AN_IMAGE <= installed("system")


def test_it_has_every_program_that_the_doctor_looks_for() -> None:
    there = installed("system") | installed("emulator") | NOT_IN_AN_IMAGE
    assert {PACKAGES[program] for program in PURPOSES} - {"bash"} <= there


def test_the_base_and_pythons_packages_are_pinned() -> None:
    assert re.search(r"^ARG BASE=\S+@sha256:[0-9a-f]{64}$", TEXT, re.MULTILINE)
    assert TEXT.count("pip install") - TEXT.count("--no-deps") == TEXT.count("--require-hashes")


@pytest.mark.parametrize("stage", ["namespaces", "whole"])
def test_an_image_that_is_pushed_has_labels_and_a_bill_of_materials(stage: str) -> None:
    for words in ("/usr/share/nslab/materials", "image.version", "image.revision"):
        assert words in stages()[stage]


def test_root_runs_nothing_in_it() -> None:
    """kubelet knows only a number to be another than root's."""
    users = re.findall(r"^USER (\S+)$", TEXT, re.MULTILINE)
    assert users[0] == users[-1] == "1000:1000"
    assert "USER" not in stages()["whole"]


def test_nothing_of_it_needs_buildkit() -> None:
    assert "--mount=" not in TEXT
    assert "<<" not in TEXT
    assert not TEXT.startswith("# syntax")
    assert steps(TEXT.replace("${BASE}", "base"), {})


# -- a pod's settings --------------------------------------------------------------------------

BASE: dict[str, Any] = {
    "process": {"capabilities": {"bounding": ["CAP_CHOWN"]}},
    "mounts": [{"destination": "/etc/hosts", "type": "bind", "source": "/gone"}],
    "hooks": {"prestart": []},
    "linux": {
        "maskedPaths": ["/proc/kcore"],
        "readonlyPaths": ["/proc/sys"],
        "seccomp": {"defaultAction": "SCMP_ACT_ERRNO"},
        "namespaces": [{"type": "pid"}, {"type": "network"}],
    },
}
IMAGE = {"Config": {"Entrypoint": ["start"], "Env": ["PATH=/bin"], "WorkingDir": "/home/jovyan"}}


def made(name: str) -> dict[str, Any]:
    folder = ROOT / "tests"
    manifest = pods.pod(*pods.PROFILES[name])
    return oci.specification(manifest, IMAGE, BASE, folder, folder / "pod", ["nslab", "doctor"])


@pytest.mark.parametrize("name", pods.PROFILES)
def test_runc_gets_no_more_than_the_pod(name: str) -> None:
    process = made(name)["process"]
    assert process["user"]["uid"] == 1000
    assert process["capabilities"] == {}
    assert process["noNewPrivileges"] is True
    assert process["args"] == ["start", "nslab", "doctor"]
    assert made(name)["mounts"][0]["source"] == str(ROOT / "tests/pod/hosts")


def test_a_pod_with_namespaces_is_carried_out_as_it_says() -> None:
    linux = made("namespaces")["linux"]
    assert {"type": "user"} in linux["namespaces"]
    assert linux["uidMappings"] == linux["gidMappings"]
    assert linux["uidMappings"][0]["hostID"] > 0
    assert linux["maskedPaths"] == linux["readonlyPaths"] == []
    allowed = {name for rule in linux["seccomp"]["syscalls"] for name in rule["names"]}
    assert "unshare" in allowed


def test_a_pod_anywhere_keeps_masks_filter_and_the_nodes_users() -> None:
    linux = made("anywhere")["linux"]
    kept = ("maskedPaths", "readonlyPaths", "seccomp", "namespaces")
    assert {key: linux[key] for key in kept} == {key: BASE["linux"][key] for key in kept}
    assert "uidMappings" not in linux
    assert BASE["linux"].keys() == {"maskedPaths", "readonlyPaths", "seccomp", "namespaces"}
