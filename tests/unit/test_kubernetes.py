"""deploy/kubernetes: values by the chart's schema, manifests by Kubernetes', the pods made."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import re
import stat
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import kubernetes_validate
import pods
import pytest
import yaml
from test_setup import pinned

from nslab.doctor.checks import ENOUGH_NEIGHBOURS

ROOT = pods.KUBERNETES.parents[1]
SCHEMA = yaml.safe_load(
    (Path(__file__).parent / "kubernetes" / "z2jh-values.schema.yaml").read_text()
)
VERSIONS = ("1.33", "1.35", "1.37")
"""Of Kubernetes: pods have users of their own; Pod Security's baseline knows of it; the newest."""

MANIFESTS = sorted(
    path for path in pods.KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml"
)
SECCOMP = json.loads((pods.KUBERNETES / "profiles/nslab.json").read_text())


def documents(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


@pytest.fixture(params=pods.PROFILES)
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def container(profile: str) -> dict[str, Any]:
    (found,) = pods.pod(*pods.PROFILES[profile])["spec"]["containers"]
    return dict(found)


# -- values and manifests ----------------------------------------------------------------------


def test_the_chart_takes_the_values(profile: str) -> None:
    """What is required but not ours, is among the chart's own values."""
    import jsonschema  # takes a second: it compiles 38 grammars

    found = jsonschema.Draft7Validator(SCHEMA).iter_errors(pods.merged(*pods.PROFILES[profile]))
    wrong = [f"{error.json_path}: {error.message}" for error in found]
    assert [each for each in wrong if "is a required property" not in each] == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_kubernetes_takes_the_manifests(path: Path, version: str) -> None:

    for document in documents(path):
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_the_pods(profile: str, version: str) -> None:

    kubernetes_validate.validate(pods.pod(*pods.PROFILES[profile]), version, strict=True)


def test_kustomize_finds_all_files_and_sets_every_image() -> None:
    asked = yaml.safe_load((pods.KUBERNETES / "kustomization.yaml").read_text())
    assert sorted(asked["resources"]) == [path.name for path in MANIFESTS]
    (generated,) = asked["configMapGenerator"]
    for name in generated["files"]:
        assert (pods.KUBERNETES / name).is_file()
    (image,) = asked["images"]
    used = {
        each["image"]
        for path in MANIFESTS
        for document in documents(path)
        for kind in ("initContainers", "containers")
        for each in document.get("spec", {}).get("template", {}).get("spec", {}).get(kind, ())
    }
    assert used == {image["name"]}
    ours = pods.merged("class")["singleuser"]["image"]
    assert (image["newName"], image["newTag"]) == (ours["name"], ours["tag"])


# -- learners' pods ----------------------------------------------------------------------------


def test_no_pod_can_become_more_than_it_is(container: dict[str, Any]) -> None:
    security = container["securityContext"]
    assert security["runAsUser"] == 1000
    assert security["runAsNonRoot"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert not security.get("privileged")


def test_a_pod_with_namespaces_has_what_a_lab_needs() -> None:
    pod = pods.pod(*pods.PROFILES["namespaces"])["spec"]
    (container,) = pod["containers"]
    security = container["securityContext"]
    assert pod["hostUsers"] is False
    assert security["procMount"] == "Unmasked"
    assert security["seccompProfile"] == {"type": "Localhost", "localhostProfile": "nslab.json"}
    assert security["appArmorProfile"] == {"type": "Localhost", "localhostProfile": "nslab"}
    assert {"name": "NSLAB_ENGINE", "value": "local"} in container["env"]


def test_nodes_without_apparmor_differ_in_that_only() -> None:
    with_it, without = (
        pods.pod(*pods.PROFILES[name]) for name in ("namespaces", "namespaces, no AppArmor")
    )
    assert with_it["spec"]["containers"][0]["securityContext"].pop("appArmorProfile")
    assert with_it == without


@pytest.mark.parametrize("name", ["anywhere", "anywhere, with KVM"])
def test_a_pod_anywhere_passes_pod_securitys_restricted(name: str) -> None:
    pod = pods.pod(*pods.PROFILES[name])["spec"]
    (container,) = pod["containers"]
    security = container["securityContext"]
    for host in ("hostNetwork", "hostPID", "hostIPC"):
        assert not pod.get(host)
    assert not pod.get("initContainers")
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert "procMount" not in security
    assert "appArmorProfile" not in security
    assert {kind for volume in pod["volumes"] for kind in volume} == {
        "name",
        "persistentVolumeClaim",
    }
    assert {"name": "NSLAB_ENGINE", "value": "vm"} in container["env"]


def test_kvm_is_a_device_and_no_right() -> None:
    (container,) = pods.pod(*pods.PROFILES["anywhere, with KVM"])["spec"]["containers"]
    for kind in ("limits", "requests"):
        assert container["resources"][kind]["devices.kubevirt.io/kvm"] == "1"


def test_no_pod_has_a_container_of_roots_beside_it(profile: str) -> None:
    """The chart adds one that blocks the cloud's metadata, unless it is told not to."""
    assert not pods.pod(*pods.PROFILES[profile])["spec"].get("initContainers")


def test_learners_have_no_token_of_the_cluster(profile: str) -> None:
    assert pods.pod(*pods.PROFILES[profile])["spec"]["automountServiceAccountToken"] is False


def test_each_pod_has_its_share_and_an_end_of_it(container: dict[str, Any]) -> None:
    resources = container["resources"]
    for kind in ("memory", "cpu"):
        assert 0 < resources["requests"][kind] < resources["limits"][kind]


def test_nobody_can_log_in_before_somebody_is_named(profile: str) -> None:
    config = pods.merged(*pods.PROFILES[profile]).get("hub", {}).get("config", {})
    assert set(config) <= {"KubeSpawner"}


def test_the_policy_is_about_learners_pods_and_lets_nobody_through(profile: str) -> None:
    (policy,) = documents(pods.KUBERNETES / "network.yaml")
    labels = pods.pod(*pods.PROFILES[profile])["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & policy["spec"].keys()
    rules = pods.merged("class")["singleuser"]["networkPolicy"]["egressAllowRules"]
    assert [name for name, allowed in rules.items() if allowed] == ["dnsPortsKubeSystemNamespace"]


def test_the_namespace_lets_in_what_is_to_run_there() -> None:
    levels = {
        document["metadata"]["name"]: document["metadata"]["labels"][
            "pod-security.kubernetes.io/enforce"
        ]
        for path in MANIFESTS
        for document in documents(path)
        if document["kind"] == "Namespace"
    }
    assert levels == {"nslab": "baseline", "nslab-nodes": "privileged"}


@pytest.mark.parametrize(("before", "after"), [("1024", "16384"), ("65536", "65536")])
def test_a_node_has_room_for_all_labs_neighbours(tmp_path: Path, before: str, after: str) -> None:
    """Limits are raised, and those of whoever set higher ones stay.  IPv6 may be off."""
    (daemons,) = (
        one for one in documents(pods.KUBERNETES / "nodes.yaml") if one["kind"] == "DaemonSet"
    )
    pod = daemons["spec"]["template"]["spec"]
    assert pod["hostNetwork"], "no other network namespace has these limits"
    (init,) = (one for one in pod["initContainers"] if one["name"] == "neighbours")
    *shell, place = init["command"]
    assert place == "/proc/sys"
    folder = tmp_path / "net/ipv4/neigh/default"
    folder.mkdir(parents=True)
    for limit in (1, 2, 3):
        (folder / f"gc_thresh{limit}").write_text(f"{before}\n")
    subprocess.run([*shell, str(tmp_path)], check=True, stderr=subprocess.PIPE)
    assert (folder / "gc_thresh3").read_text().strip() == after
    assert int(after) >= ENOUGH_NEIGHBOURS


# -- profiles ----------------------------------------------------------------------------------


def derive() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader(
        "derive", str(pods.KUBERNETES / "profiles/derive")
    )
    spec = importlib.util.spec_from_loader("derive", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def answers(profile: dict[str, Any]) -> dict[str, set[str]]:
    """What is done about each system call, whatever its arguments."""
    found: dict[str, set[str]] = {}
    for rule in profile["syscalls"]:
        if not rule.get("args"):
            for name in rule["names"]:
                found.setdefault(name, set()).add(rule["action"])
    return found


def test_seccomp_lets_labs_be_made_and_nothing_that_they_do_not_need() -> None:
    found = answers(SECCOMP)
    for name in ("unshare", "setns", "mount", "umount2", "pivot_root", "clone", "sethostname"):
        assert found[name] == {"SCMP_ACT_ALLOW"}, name
    for name in ("bpf", "init_module", "kexec_load", "perf_event_open", "settimeofday", "acct"):
        assert found[name] == {"SCMP_ACT_ERRNO"}, name
    for name in derive().UNNEEDED:
        assert name not in found
    assert SECCOMP["defaultAction"] == "SCMP_ACT_ERRNO"


def test_no_call_is_both_allowed_and_refused() -> None:
    assert [name for name, actions in answers(SECCOMP).items() if len(actions) > 1] == []


def test_the_profile_is_plain_oci() -> None:
    """containerd ignores conditions, and would take each rule for one that always holds."""
    assert SECCOMP.keys() == {"defaultAction", "defaultErrnoRet", "architectures", "syscalls"}
    for rule in SECCOMP["syscalls"]:
        assert rule.keys() <= {"names", "action", "errnoRet", "args"}


def test_conditions_are_decided_for_a_pod_without_capabilities() -> None:
    base = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 38,
        "archMap": [
            {"architecture": name, "subArchitectures": []}
            for name in ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64", "SCMP_ARCH_S390X")
        ],
        "syscalls": [
            {"names": ["read", "keyctl", "setns"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}},
            {"names": ["bpf", "setns"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
             "includes": {}, "excludes": {"caps": ["CAP_BPF"]}},
            {"names": ["s390_runtime_instr"], "action": "SCMP_ACT_ALLOW",
             "includes": {"arches": ["s390", "s390x"]}},
            {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "args": [],
             "includes": {"arches": ["amd64", "x32"]}},
        ],
    }  # fmt: skip
    made = derive().derived(base)
    assert answers(made) == {
        "read": {"SCMP_ACT_ALLOW"},
        "bpf": {"SCMP_ACT_ERRNO"},
        "arch_prctl": {"SCMP_ACT_ALLOW"},
        "setns": {"SCMP_ACT_ALLOW"},
        "chroot": {"SCMP_ACT_ALLOW"},
        "sethostname": {"SCMP_ACT_ALLOW"},
    }
    assert made["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]


class Node:
    """A folder that stands for a node; its chroot writes down what it is given."""

    def __init__(self, folder: Path) -> None:
        self.root, self.kubelet, self.log = folder / "node", folder / "kubelet", folder / "log"
        self.kubelet.mkdir()
        programs = folder / "bin"
        programs.mkdir()
        chroot = programs / "chroot"
        chroot.write_text(f'#!/bin/sh\necho "$@" >{self.log}\ncat >>{self.log}\n')
        chroot.chmod(0o755)
        self.path = f"{programs}:{os.environ['PATH']}"

    def lay(self) -> str:
        profiles = pods.KUBERNETES / "profiles"
        return subprocess.run(
            ["sh", profiles / "lay", profiles, self.kubelet, self.root],
            env={"PATH": self.path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def with_apparmor(self, *, userns: bool) -> None:
        enabled = self.root / "sys/module/apparmor/parameters/enabled"
        enabled.parent.mkdir(parents=True)
        enabled.write_text("Y\n")
        if userns:
            (self.root / "etc/apparmor.d/abi").mkdir(parents=True)
            (self.root / "etc/apparmor.d/abi/4.0").touch()


def test_profiles_are_laid_where_kubelet_and_apparmor_look(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.with_apparmor(userns=True)
    node.lay()
    laid = node.kubelet / "seccomp/nslab.json"
    assert json.loads(laid.read_text()) == SECCOMP
    assert stat.S_IMODE(laid.stat().st_mode) == 0o644
    assert node.log.read_text().startswith(f"{node.root} apparmor_parser --replace\n")
    assert "  userns,\n" in node.log.read_text()
    # Again, as after a restart of the node.
    node.lay()
    assert [path.name for path in laid.parent.iterdir()] == ["nslab.json"]


def test_an_older_apparmor_gets_a_profile_that_it_can_read(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.with_apparmor(userns=False)
    node.lay()
    said = node.log.read_text()
    assert "profile nslab flags=(unconfined)" in said
    assert not re.search(r"^(abi|\s*userns)", said, re.MULTILINE)


def test_a_node_without_apparmor_is_told_of(tmp_path: Path) -> None:
    node = Node(tmp_path)
    assert "leave appArmorProfile out" in node.lay()
    assert not node.log.exists()


# -- versions ----------------------------------------------------------------------------------


def test_the_image_has_the_charts_jupyterhub() -> None:
    """A server of another major version than the hub's cannot log in."""
    source = (Path(__file__).parent / "kubernetes/README.md").read_text()
    (major,) = re.findall(r"JupyterHub (\d+)\.", source)
    (version,) = pinned("image")["jupyterhub"]
    assert version.partition(".")[0] == major
    assert {name: pinned("image")[name] for name in pinned("lab")} == pinned("lab")
