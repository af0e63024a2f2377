"""What to do where this runs in a pod of Kubernetes: its words, not Docker's.

A learner in a pod changes nothing of it.  So a remedy names the setting for whoever runs the
cluster, and where the project has it: ``deploy/kubernetes``.
"""

from __future__ import annotations

from nslab.engine.refusal.facts import Facts

KUBERNETES = "kubernetes"
"""What :attr:`Facts.container` calls it."""

ELSEWHERE = (
    "let each lab be a virtual machine, which needs none of this: NSLAB_ENGINE=vm in the pod's\n"
    "environment, as in deploy/kubernetes/values/anywhere.yaml"
)

WHOLE = "deploy/kubernetes/values/namespaces.yaml has all that labs need of a pod"

_PROC = "procMount: Unmasked"
_USERS = "hostUsers: false"

_SECCOMP = """give the container, in its securityContext:
  seccompProfile: {type: Localhost, localhostProfile: nslab.json}
(lay the profile on the nodes first: kubectl apply -k deploy/kubernetes)"""

_APPARMOR = """give the container, in its securityContext:
  appArmorProfile: {type: Localhost, localhostProfile: nslab}
(lay the profile on the nodes first: kubectl apply -k deploy/kubernetes; where nodes have
kernel.apparmor_restrict_unprivileged_userns=1, Unconfined is not enough)"""

_UID = """give the container, in its securityContext:
  runAsUser: 1000
(root without rights can do less in a pod than an ordinary user)"""

_NODE = (
    "limit",
    "userns-clone",
    "no-overlay",
    "no-module",
    "no-namespaces",
    "old-kernel",
    "selinux",
)
"""What is up to the node, not to the pod."""


def state(facts: Facts) -> str:
    """What of the pod's settings decides about labs, as far as it shows from within."""
    users = "users of its own" if facts.own_users else "the node's users"
    proc = "parts of /proc masked" if facts.masked else "/proc unmasked"
    seccomp = "a seccomp filter" if facts.seccomp == 2 else "no seccomp filter"
    return f"{users}, {proc}, {seccomp}, AppArmor: {facts.confinement}"


def remedy(kind: str, own: str, facts: Facts) -> str:
    """What whoever runs the cluster does about a refusal.

    :param kind: of the diagnosis
    :param own: what to do right here where this is no pod
    """
    settings = {
        "masked-proc": _unmask(facts),
        "read-only": _unmask(facts),
        "seccomp": _SECCOMP,
        "apparmor-profile": _APPARMOR,
        "apparmor-userns": _APPARMOR,
        "no-capability": _UID,
    }
    if kind in settings:
        return f"{settings[kind]}\n{WHOLE}\nor {ELSEWHERE}"
    if kind in _NODE:
        own = f"on the node that runs this pod: {own}"
    return f"{own.rstrip()}\nor {ELSEWHERE}" if own else ELSEWHERE


def _unmask(facts: Facts) -> str:
    lines = ["give the pod and its container:"]
    if not facts.own_users:
        lines.append(f"  {_USERS}     in the pod's spec; the next line is allowed with it only")
    lines.append(f"  {_PROC}     in the container's securityContext")
    return "\n".join(lines)
