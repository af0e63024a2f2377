"""The Vagrantfile: Vagrant accepts it, the settings do what they say, and it says what is wrong.

Real machines are made by tests/vagrant/prove, which is no part of these tests.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HARNESS = Path(__file__).with_name("harness.rb")
VBOXMANAGE = Path(__file__).with_name("virtualbox")
"""Where there is a program of that name, which only knows its version: enough to validate."""

pytestmark = pytest.mark.vagrant


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Homes of its own, so that nothing is written into the checkout."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VAGRANT", "NSLAB"))
    }
    return {
        **kept,
        "VAGRANT_HOME": str(tmp_path / "home"),
        "VAGRANT_DOTFILE_PATH": str(tmp_path / "dotfile"),
        "VAGRANT_CHECKPOINT_DISABLE": "1",
    }


def validate(
    env: dict[str, str], provider: str | None, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """``vagrant validate``, with what a provider's settings may be, or without any provider."""
    words = ["vagrant", "validate"] if provider else ["vagrant", "validate", "--ignore-provider"]
    path = f"{VBOXMANAGE}:{env['PATH']}"
    return subprocess.run(
        words,
        cwd=folder,
        env=env | {"PATH": path, "VAGRANT_DEFAULT_PROVIDER": provider or ""},
        capture_output=True,
        text=True,
        check=False,
    )


def loaded(env: dict[str, str], *, fails: bool = False, **machine: object) -> dict[str, Any]:
    """What the Vagrantfile tells Vagrant, and what it says of a made-up machine."""
    done = subprocess.run(
        ["ruby", HARNESS, ROOT / "Vagrantfile", json.dumps(machine)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if fails:
        assert done.returncode != 0
        return {"said": done.stderr}
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


# -- Vagrant itself ----------------------------------------------------------------------------


@pytest.mark.parametrize("provider", [None, "virtualbox", "libvirt"])
def test_vagrant_accepts_it(env: dict[str, str], provider: str | None) -> None:
    done = validate(env, provider)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "validated successfully" in done.stdout


@pytest.mark.parametrize(
    ("provider", "setting"),
    [(None, "config.vm.hostname"), ("virtualbox", "vb.cpus"), ("libvirt", "lv.cpus")],
)
def test_vagrant_would_say_that_a_setting_is_unknown(
    env: dict[str, str], tmp_path: Path, provider: str | None, setting: str
) -> None:
    """So that the test above could fail."""
    text = (ROOT / "Vagrantfile").read_text()
    assert f" {setting} = " in text
    (tmp_path / "Vagrantfile").write_text(text.replace(f" {setting} = ", f" {setting}x = "))
    for entry in ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"):
        (tmp_path / entry).write_text("")
    done = validate(env, provider, tmp_path)
    assert done.returncode != 0
    assert setting.split(".")[-1] + "x" in done.stdout + done.stderr


def test_the_settings_arrive(env: dict[str, str]) -> None:
    plain = loaded(env)
    assert plain["virtualbox"] == {
        "memory": 1536,
        "cpus": 2,
        "customize": [[["modifyvm", ":id", "--nicpromisc2", "allow-all"]]],
    }
    assert plain["libvirt"] == {"memory": 1536, "cpus": 2}
    assert plain["networks"]["forwarded_port"]["host"] == 8888
    given = loaded(
        env
        | {
            "NSLAB_VM_MEMORY": "1024",
            "NSLAB_VM_CPUS": "1",
            "NSLAB_VM_PORT": "9000",
            "NSLAB_VM_LAN": "192.168.57.9",
        }
    )
    assert given["libvirt"] == {"memory": 1024, "cpus": 1}
    networks = given["networks"]
    assert networks["forwarded_port"]["host"] == 9000
    assert networks["forwarded_port"]["host_ip"] == "127.0.0.1"
    assert networks["private_network"]["ip"] == "192.168.57.9"


@pytest.mark.parametrize(
    ("name", "value"),
    [("MEMORY", "lots"), ("MEMORY", "64"), ("CPUS", "0"), ("PORT", "80"), ("PORT", "99999")],
)
def test_a_setting_that_will_not_do_is_named(env: dict[str, str], name: str, value: str) -> None:
    setting = f"NSLAB_VM_{name}"
    said = loaded(env | {setting: value}, fails=True)["said"]
    assert f"{setting}={value} will not do" in str(said)


# -- what goes to the machine ------------------------------------------------------------------


def test_what_goes_to_the_machine(env: dict[str, str], tmp_path: Path) -> None:
    loaded(env)
    with tarfile.open(tmp_path / "dotfile" / "nslab.tar.gz") as archive:
        modes = {member.name: member.mode for member in archive}
    for name in (
        "pyproject.toml",
        "nslab/__init__.py",
        "nslab/cli/jupyterlab/overrides.json",
        "notebooks/00-start-here.ipynb",
        "requirements/lab.txt",
        "tests/nbval.cfg",
    ):
        assert modes[name] == 0o644
    assert modes["script/provision"] == modes["script/lab"] == 0o755
    assert not [name for name in modes if "__pycache__" in name or "/." in name]
    tracked = {
        path
        for folder in ("nslab", "notebooks", "requirements")
        for path in (ROOT / folder).rglob("*.*")
        if path.is_file()
    }
    hidden = ("__pycache__", ".ipynb_checkpoints")
    assert {
        str(path.relative_to(ROOT)) for path in tracked if not set(path.parts) & set(hidden)
    } <= set(modes)


# -- what is said at the end -------------------------------------------------------------------


@pytest.fixture
def answering() -> Iterator[int]:
    """The port of a program that knows one token."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            right = self.headers["Authorization"] == "token right" and self.path == "/api/status"
            self.send_response(200 if right else 403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_address_has_the_port_that_was_really_taken(
    env: dict[str, str], answering: int
) -> None:
    """VirtualBox takes another one when 8888 is not free."""
    shown = loaded(env, provider="virtualbox", token="right", ports={str(answering): 8888})
    address = f"http://localhost:{answering}/?token=right"
    assert ["success", f"JupyterLab with the lessons: {address}"] in shown["said"]


def test_without_that_capability_it_is_the_one_asked_for(
    env: dict[str, str], answering: int
) -> None:
    shown = loaded(env | {"NSLAB_VM_PORT": str(answering)}, provider="libvirt", token="right")
    assert f"http://localhost:{answering}/?token=right" in str(shown["said"])


def test_another_program_on_the_port_is_told_apart(env: dict[str, str], answering: int) -> None:
    shown = loaded(env | {"NSLAB_VM_PORT": str(answering)}, provider="libvirt", token="ours")
    assert f"Another program of this computer answers on port {answering}" in str(shown["said"])
    assert "NSLAB_VM_PORT" in str(shown["said"])
    assert "token=" not in str(shown["said"])


def test_a_machine_that_does_not_answer(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    shown = loaded(env | {"NSLAB_VM_PORT": str(free)}, provider="libvirt", token="t", hurry=True)
    assert f"JupyterLab does not answer on port {free}" in str(shown["said"])
    assert "journalctl -u nslab" in str(shown["said"])


def test_a_machine_that_was_not_set_up(env: dict[str, str]) -> None:
    shown = loaded(env, provider="libvirt", token="")
    assert shown["said"] == [["error", "The machine is not set up yet: vagrant provision"]]


NIC = """NIC 1:                       MAC: 080027000001, Attachment: NAT, Promisc Policy: deny, x: y
NIC 2:                       MAC: 080027000002, Attachment: Host-only Interface 'vboxnet0', \
Cable connected: on, Trace: off (file: none), Type: 82540EM, Reported speed: 0 Mbps, \
Boot priority: 0, Promisc Policy: {}, Bandwidth group: none
"""


@pytest.mark.parametrize(
    ("policy", "level", "words"),
    [
        ("allow-all", "info", "eth1 may be promiscuous"),
        ("deny", "error", "VirtualBox says deny"),
        ("allow-vms", "error", "VirtualBox says allow-vms"),
    ],
)
def test_the_second_card_is_checked_in_virtualbox(
    env: dict[str, str], policy: str, level: str, words: str
) -> None:
    shown = loaded(env, provider="virtualbox", token="", showvminfo=NIC.format(policy))
    said = shown["said"][0]
    assert said[0] == level
    assert words in said[1]
    if level == "error":
        assert "--nicpromisc2 allow-all" in said[1]
