"""The pod that a hub asks Kubernetes for, made of deploy/kubernetes/values by KubeSpawner.

The chart Zero to JupyterHub (commit 48ea50e3, JupyterHub 5.5.0) hands its values to KubeSpawner by
a table in its own jupyterhub_config.py; :data:`TRAITS` is what of that table our values need.
"""

from __future__ import annotations

import asyncio
import copy
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

KUBERNETES = Path(__file__).resolve().parents[1] / "deploy" / "kubernetes"

PROFILES = {
    "namespaces": ("class", "namespaces"),
    "namespaces, no AppArmor": ("class", "namespaces", "no-apparmor"),
    "anywhere": ("class", "anywhere"),
    "anywhere, with KVM": ("class", "anywhere", "kvm"),
}
"""What is given to helm, in this order, by the names of the files."""

TRAITS = {
    "allowPrivilegeEscalation": "allow_privilege_escalation",
    "cmd": "cmd",
    "cpu.guarantee": "cpu_guarantee",
    "cpu.limit": "cpu_limit",
    "defaultUrl": "default_url",
    "extraEnv": "environment",
    "extraPodConfig": "extra_pod_config",
    "extraResource.guarantees": "extra_resource_guarantees",
    "extraResource.limits": "extra_resource_limits",
    "fsGid": "fs_gid",
    "memory.guarantee": "mem_guarantee",
    "memory.limit": "mem_limit",
    "startTimeout": "start_timeout",
    "uid": "uid",
}
"""From values below ``singleuser`` to KubeSpawner's settings."""

ELSEWHERE = ("image.", "storage.", "cloudMetadata.", "networkPolicy.")
"""Values that become several settings, or none of KubeSpawner's."""


def merged(*names: str) -> dict[str, Any]:
    """Our values, later files over earlier ones, as helm does it: null takes out."""
    whole: dict[str, Any] = {}
    for name in names:
        text = (KUBERNETES / "values" / f"{name}.yaml").read_text()
        whole = _over(whole, yaml.safe_load(text))
    return whole


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in above.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = _over(found[key], value)
        else:
            found[key] = value
    return found


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value with its way, as ``cpu.limit``; what a setting takes whole counts as one."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and path + key not in TRAITS:
            yield from leaves(value, f"{path}{key}.")
        else:
            yield path + key, value


def pod(*names: str) -> dict[str, Any]:
    """The manifest of the learner ada's pod.

    :raises KeyError: a value below ``singleuser`` that nothing here hands on
    """
    return copy.deepcopy(_pod(*names))


@functools.cache
def _pod(*names: str) -> dict[str, Any]:
    from jupyterhub.objects import Hub
    from kubespawner import KubeSpawner
    from traitlets.config import Config

    values = merged(*names)
    learner = values["singleuser"]
    config = Config()
    for way, value in leaves(learner):
        if not way.startswith(ELSEWHERE):
            config.KubeSpawner[TRAITS[way]] = value
    image = learner["image"]
    config.KubeSpawner.image = f"{image['name']}:{image['tag']}"
    home = {"name": "volume-ada", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}
    config.KubeSpawner.volumes = {"volume-ada": home}
    config.KubeSpawner.volume_mounts = {
        "volume-ada": {"name": "volume-ada", "mountPath": learner["storage"]["homeMountPath"]}
    }
    if learner["cloudMetadata"]["blockWithIptables"]:
        root = {"privileged": True, "runAsUser": 0}
        blocks = {"name": "block-cloud-metadata", "image": "tools", "securityContext": root}
        config.KubeSpawner.init_containers = {"block-cloud-metadata": blocks}
    for section, settings in values.get("hub", {}).get("config", {}).items():
        config[section].update(settings)
    # There is no cluster to be asked, and for a manifest none is needed.
    with mock.patch.multiple(
        "kubespawner.spawner", load_config=mock.DEFAULT, shared_client=mock.DEFAULT
    ):
        spawner = KubeSpawner(
            _mock=True, config=config, hub=Hub(ip="hub", port=8081), namespace="nslab"
        )
    spawner.user.name = "ada"

    async def made() -> Any:
        from kubernetes_asyncio.client import ApiClient

        async with ApiClient() as client:
            return client.sanitize_for_serialization(await spawner.get_pod_manifest())

    return dict(asyncio.run(made()))
