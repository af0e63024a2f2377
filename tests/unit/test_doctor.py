"""Every cause of refusal, from the step, the errno and what the machine says of itself."""

from __future__ import annotations

import errno as e
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from nslab import EngineUnavailable, Lab
from nslab.cli import doctor as report
from nslab.doctor import Check, Report, checks
from nslab.doctor.checks import PURPOSES, find, kernel_checks, shared_checks, tool_checks, verdict
from nslab.engine import refusal
from nslab.engine.refusal import Attempt, Facts, diagnose
from nslab.network.programs import PACKAGES

USER, REST = "user namespace", "new namespaces"
UBUNTU = {"kernel.apparmor_restrict_unprivileged_userns": 1, "user.max_user_namespaces": 60000}
DEBIAN_10 = {"kernel.unprivileged_userns_clone": 0, "user.max_user_namespaces": 60000}

CASES: list[tuple[str, str, int, dict[str, Any]]] = [
    ("not-linux", USER, e.ENOSYS, {"system": "Darwin"}),
    ("not-linux", USER, e.ENOSYS, {"system": "Windows"}),
    ("limit", USER, e.ENOSPC, {"sysctls": {"user.max_user_namespaces": 0}}),
    ("limit", USER, e.ENOSPC, {"sysctls": {"user.max_user_namespaces": 96365}}),
    ("limit", USER, e.EUSERS, {}),
    ("limit", REST, e.ENOSPC, {"sysctls": {"user.max_net_namespaces": 0}}),
    ("no-namespaces", USER, e.EINVAL, {"release": "4.4.0-19041-Microsoft"}),
    ("no-namespaces", USER, e.ENOSYS, {}),
    ("seccomp", USER, e.EPERM, {"seccomp": 2, "container": "docker"}),
    ("seccomp", USER, e.EPERM, {"seccomp": 2, "container": "docker", "sysctls": UBUNTU}),
    ("seccomp", REST, e.EPERM, {"seccomp": 2, "root": True}),
    ("seccomp", "mount /run", e.EPERM, {"seccomp": 2}),
    ("userns-clone", USER, e.EPERM, {"sysctls": DEBIAN_10}),
    ("userns-clone", USER, e.EPERM, {"sysctls": DEBIAN_10, "seccomp": 2}),
    ("chroot", USER, e.EPERM, {"chroot": True}),
    ("apparmor-userns", "uid map", e.EPERM, {"sysctls": UBUNTU}),
    ("apparmor-userns", USER, e.EACCES, {"sysctls": UBUNTU}),
    ("apparmor-userns", REST, e.EPERM, {"sysctls": UBUNTU}),
    ("apparmor-userns", "private mounts", e.EACCES, {"sysctls": UBUNTU}),
    (
        "apparmor-userns",
        "mount /proc",
        e.EACCES,
        {"sysctls": UBUNTU, "confinement": "unprivileged_userns"},
    ),
    ("apparmor-userns", "overlay on /etc", e.EPERM, {"sysctls": UBUNTU, "release": "6.8.0"}),
    ("apparmor-userns", "add a veth", e.EPERM, {"sysctls": UBUNTU}),
    (
        "apparmor-profile",
        "private mounts",
        e.EACCES,
        {"confinement": "docker-default", "container": "docker"},
    ),
    ("apparmor-profile", USER, e.EACCES, {"confinement": "snap.code.code", "sysctls": UBUNTU}),
    ("masked-proc", "mount /proc", e.EPERM, {"container": "podman"}),
    ("masked-proc", "mount /proc", e.EPERM, {"seccomp": 2, "root": True}),
    ("selinux", REST, e.EACCES, {"selinux": True}),
    ("no-capability", REST, e.EPERM, {"root": True}),
    ("no-overlay", "overlay on /etc", e.ENODEV, {}),
    ("old-kernel", "overlay on /etc", e.EPERM, {"release": "5.10.0-28-amd64"}),
    ("old-kernel", "walls around root", e.ENOSYS, {"release": "5.11.22", "root": True}),
    ("stacked-overlay", "overlay on /etc", e.EINVAL, {"release": "6.1.0"}),
    ("no-module", "add a bridge", e.EOPNOTSUPP, {"release": "6.1.0"}),
    ("no-module", "add a vlan", e.EOPNOTSUPP, {"release": "6.1.0"}),
    ("no-module", "nft rule", e.EOPNOTSUPP, {"release": "6.1.0"}),
    ("read-only", "set net.ipv4.ip_forward", e.EROFS, {}),
    ("no-answer", "probe", e.ETIME, {}),
    ("unknown", REST, e.EPERM, {"capable": True, "root": True}),
    ("unknown", "mount /run", e.ENOMEM, {}),
]


@pytest.mark.parametrize(("kind", "step", "errno", "facts"), CASES)
def test_each_cause_is_told_apart(kind: str, step: str, errno: int, facts: dict[str, Any]) -> None:
    diagnosis = diagnose(step, errno, Facts(**facts))
    assert diagnosis.kind == kind
    assert diagnosis.cause
    assert diagnosis.remedy


def test_every_kind_has_a_case() -> None:
    source = inspect.getsource(sys.modules[diagnose.__module__])
    written = re.findall(r'Diagnosis\(\s*"([a-z-]+)"', source)
    assert set(written) == {kind for kind, *_ in CASES}


def test_the_limit_names_its_sysctl_and_value() -> None:
    diagnosis = diagnose(USER, e.ENOSPC, Facts(sysctls={"user.max_user_namespaces": 0}))
    assert diagnosis.cause == "user.max_user_namespaces is 0"
    assert "sudo sysctl -w user.max_user_namespaces=" in diagnosis.remedy
    outside = diagnose(USER, e.ENOSPC, Facts(sysctls={"user.max_user_namespaces": 96365}))
    assert "user.max_user_namespaces is 96365" in outside.cause


def test_ubuntu_gets_a_profile_for_its_python_and_not_the_sysctl() -> None:
    facts = Facts(sysctls=UBUNTU, python="/usr/bin/python3.12")
    remedy = diagnose("uid map", e.EPERM, facts).remedy
    assert "profile nslab /usr/bin/python3.12 flags=(unconfined) {\n  userns,\n" in remedy
    assert "sysctl" not in remedy


def test_docker_gets_the_options_to_start_it_with() -> None:
    facts = Facts(seccomp=2, container="docker")
    diagnosis = diagnose(USER, e.EPERM, facts)
    assert "seccomp filter of this docker container" in diagnosis.cause
    assert "--security-opt seccomp=unconfined" in diagnosis.remedy


POD = {"container": "kubernetes", "own_users": True}
PODS: list[tuple[str, int, dict[str, Any], str]] = [
    (USER, e.EPERM, {"seccomp": 2}, "localhostProfile: nslab.json"),
    (REST, e.EPERM, {"seccomp": 2, "root": True}, "localhostProfile: nslab.json"),
    ("mount /proc", e.EPERM, {"masked": True}, "procMount: Unmasked"),
    ("set net.ipv4.ip_forward", e.EROFS, {"masked": True}, "procMount: Unmasked"),
    (
        "private mounts",
        e.EACCES,
        {"confinement": "cri-containerd.apparmor.d"},
        "{type: Localhost, localhostProfile: nslab}",
    ),
    ("uid map", e.EPERM, {"sysctls": UBUNTU}, "{type: Localhost, localhostProfile: nslab}"),
    (REST, e.EPERM, {"root": True}, "runAsUser: 1000"),
    (
        USER,
        e.ENOSPC,
        {"sysctls": {"user.max_user_namespaces": 0}},
        "on the node that runs this pod: sudo sysctl -w user.max_user_namespaces=",
    ),
    (USER, e.EPERM, {"sysctls": DEBIAN_10}, "on the node that runs this pod:"),
    ("add a vlan", e.EOPNOTSUPP, {}, "on the node that runs this pod: sudo modprobe 8021q"),
    ("mount /run", e.ENOMEM, {}, "let each lab be a virtual machine"),
]


@pytest.mark.parametrize(("step", "errno", "facts", "words"), PODS)
def test_a_pod_gets_kubernetes_remedy_and_not_dockers(
    step: str, errno: int, facts: dict[str, Any], words: str
) -> None:
    diagnosis = diagnose(step, errno, Facts(**POD, **facts))
    assert words in diagnosis.remedy
    assert "NSLAB_ENGINE=vm" in diagnosis.remedy
    for other in ("docker", "--security-opt", "vagrant", "nslab vm build", "kubernetes container"):
        assert other not in diagnosis.remedy + diagnosis.cause


def test_a_pod_without_users_of_its_own_needs_them_first() -> None:
    for own in (True, False):
        facts = Facts(container="kubernetes", masked=True, own_users=own)
        remedy = diagnose("mount /proc", e.EPERM, facts).remedy
        assert ("hostUsers: false" in remedy) != own


def test_the_cause_says_in_which_state_the_pod_is() -> None:
    facts = Facts(
        container="kubernetes", masked=True, seccomp=2, confinement="cri-containerd.apparmor.d"
    )
    cause = diagnose("mount /proc", e.EPERM, facts).cause
    assert cause.endswith(
        "(this pod has the node's users, parts of /proc masked, a seccomp filter, AppArmor: "
        "cri-containerd.apparmor.d)"
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/proc/self/cgroup", "0::/kubepods.slice/kubepods-burstable.slice/cri-1\n"),
        (
            "/proc/self/mountinfo",
            "30 22 8:1 /var/lib/kubelet/pods/7f/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw\n",
        ),
    ],
)
def test_a_pod_is_known_by_what_kubelet_leaves(
    path: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nslab.engine.refusal import facts

    real = facts._read
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert Facts.of_this_machine().container != "kubernetes"
    monkeypatch.setattr(facts, "_read", lambda asked: text if asked == path else real(asked))
    assert Facts.of_this_machine().container == "kubernetes"


def test_a_pod_is_known_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    assert Facts.of_this_machine().container == "kubernetes"


def test_facts_of_this_machine() -> None:
    facts = Facts.of_this_machine()
    assert facts.release
    if sys.platform == "linux":
        assert facts.system == "Linux"
        assert "user.max_user_namespaces" in facts.sysctls
        assert facts.seccomp in (0, 1, 2)


def test_refused_is_said_with_cause_and_remedy() -> None:
    checks = kernel_checks([Attempt(USER, e.EPERM)], Facts(sysctls=DEBIAN_10))
    assert checks == [
        Check(
            "kernel",
            USER,
            "refused",
            "kernel.unprivileged_userns_clone is 0: ordinary users may not make namespaces",
            checks[0].remedy,
        )
    ]
    works, text = verdict(checks)
    assert not works
    assert text.startswith("No lab can run here: user namespace: kernel.unprivileged_userns_clone")


def test_what_is_only_missing_is_no_refusal() -> None:
    steps = [
        Attempt("private host"),
        Attempt(USER, e.EPERM, needed=False),
        Attempt("add a veth"),
        Attempt("add a ipvlan", e.EOPNOTSUPP, needed=False),
        Attempt("nft rule", e.ENOENT, "no nft", needed=False),
    ]
    checks = kernel_checks(steps, Facts(root=True, capable=True))
    assert {check.name: check.status for check in checks} == {
        "private host": "ok",
        USER: "limited",
        "add a veth": "ok",
        "ipvlan": "missing",
        "nft rule": "limited",
    }
    assert checks[-1].group == "features"
    assert checks[-1].detail.endswith("not in this kernel, so that lab is a virtual machine")
    assert checks[-1].remedy.startswith("nslab vm build    # once; or, if")
    assert "sudo modprobe ipvlan" in checks[-1].remedy
    missing = Check("tools", "brctl", "missing", "bridges", "sudo apt-get install bridge-utils")
    works, text = verdict([*checks, missing])
    assert works
    assert text == (
        "Labs run on this machine. Some lessons need programs that are not installed: brctl."
    )


def test_without_bash_no_lab_runs() -> None:
    works, _ = verdict([Check("tools", "bash", "missing")])
    assert not works


def test_tools_are_looked_for_in_sbin(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    program = tmp_path / "brctl"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("nslab.doctor.checks.SBIN", (str(tmp_path),))
    assert find("brctl") == str(program)
    found = {check.name: check for check in tool_checks()}
    assert found["brctl"].status == "ok"
    assert found["ip"].status == "missing"
    assert found["ip"].remedy == "sudo apt-get install iproute2"


def test_every_tool_has_a_package() -> None:
    assert set(PURPOSES) <= set(PACKAGES)


def test_not_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    error = refusal.why_not()
    assert error is not None
    assert str(error).startswith(
        "cannot start a lab here: user namespace: network namespaces are a part of Linux, and this "
        "is macOS\n  → install VirtualBox and Vagrant\n  → in the checkout: vagrant up"
    )


def test_an_unknown_refusal_keeps_the_detail() -> None:
    error = refusal.explain("mount /run", e.ENOMEM, "tmpfs: no room")
    assert "tmpfs: no room" in error.cause
    assert error.errno == e.ENOMEM


def test_a_child_that_says_nothing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert [step.name for step in refusal.attempt()] == ["probe"]


REPORT = Report(
    False,
    "No lab can run here: user namespace: it is forbidden.",
    (
        Check("kernel", USER, "refused", "it is forbidden", "first do\n  this " + "x" * 120),
        Check("tools", "ip", "ok", "/usr/sbin/ip"),
        Check("tools", "dot", "ok"),
    ),
)


@pytest.mark.parametrize(
    ("entries", "full", "limit", "status", "says"),
    [
        (13, 0, 1024, "ok", "13 of 1,024 entries are taken"),
        (800, 0, 1024, "limited", "800 of 1,024 entries are taken"),
        (
            3,
            7,
            1024,
            "limited",
            'it was full 7 times since the machine started, and programs then said "No buffer',
        ),
        (3, 7, 16384, "ok", "3 of 16,384 entries are taken"),
    ],
)
def test_the_table_of_neighbours_is_shared(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entries: int,
    full: int,
    limit: int,
    status: str,
    says: str,
) -> None:
    table, setting = tmp_path / "arp_cache", tmp_path / "gc_thresh3"
    row = f"{entries:08x} {{:08x}}\n"
    table.write_text(
        f"entries  table_fulls\n{row.format(full - 3 if full else 0)}{row.format(3 if full else 0)}"
    )
    setting.write_text(f"{limit}\n")
    monkeypatch.setattr(checks, "NEIGHBOURS", str(table))
    monkeypatch.setattr(checks, "NEIGHBOURS_LIMIT", str(setting))
    (found,) = shared_checks()
    assert (found.name, found.status) == ("table of neighbours", status)
    assert says in found.detail
    assert ("gc_thresh3=16384" in found.remedy) == (status == "limited")
    table.unlink()
    assert shared_checks() == [], "a container does not see it"


def test_the_report_as_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "examine", lambda _: REPORT)
    assert report.run(as_json=False) == 1
    wrong = (
        "No lab can run here: user namespace: it is forbidden.\n"
        "\nkernel\n"
        "  ✘ user namespace  refused: it is forbidden\n"
        f"      first do\n        this {'x' * 120}\n"
    )
    assert capsys.readouterr().out == f"{wrong}\ntools\n  ✔ 2 of 2: ip, dot\n"
    report.run(as_json=False, whole=True)
    assert capsys.readouterr().out == (
        f"{wrong}\ntools\n  ✔ ip              /usr/sbin/ip\n  ✔ dot\n"
    )


def test_the_report_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "examine", lambda _: REPORT)
    assert report.run(as_json=True) == 1
    plain = json.loads(capsys.readouterr().out)
    assert plain["works"] is False
    assert plain["checks"][0]["status"] == "refused"


@pytest.mark.parametrize(("name", "shown"), [("darwin", "macOS"), ("win32", "Windows")])
def test_other_systems_are_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, name: str, shown: str
) -> None:
    monkeypatch.setattr("sys.platform", name)
    monkeypatch.setattr("platform.system", lambda: {"darwin": "Darwin"}.get(name, "Windows"))
    with pytest.raises(EngineUnavailable, match=shown) as caught:
        Lab()
    assert "vagrant up" in caught.value.hint
