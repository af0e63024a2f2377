"""A real Docker engine in a lab: what the article says of Docker, held against Docker itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest
from machine import wait_for

from nslab import Lab
from nslab.course import docker, nlmessages
from nslab.course.pools import free_pool
from nslab.engine import labs
from nslab.errors import InvalidInput
from nslab.network.actions import AddRoute

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def host() -> Iterator[Lab]:
    """A lab with an engine and a running container ``app``."""
    with Lab("docker") as lab:
        docker.start(lab)
        ran = lab.sh("docker run -d --name app --hostname app busybox sleep 1000", timeout=60)
        assert not ran.failures, ran.stderr
        yield lab


def printed(lab: Lab, line: str) -> str:
    ran = lab.sh(line, echo=False)
    assert not ran.failures, ran.stderr
    return ran.stdout.strip()


def test_the_picture_of_a_docker_host(host: Lab) -> None:
    """Row A1: the bridge, the container's eth0, the pair between them, the rule for the way out."""
    snapshot = host.snapshot()
    bridge = snapshot.link("docker0")
    assert (bridge.kind, bridge.state) == ("bridge", "up")
    (port,) = snapshot.host.ports("docker0")
    far = snapshot.peer(port)
    assert far is not None
    namespace, link = far
    assert (namespace.role, namespace.label, link.name) == ("container", "app", "eth0")
    assert [address.address for address in link.addresses] == ["172.17.0.2/16"]
    assert any(
        rule.kind == "masquerade" and rule.source == "172.17.0.0/16" for rule in snapshot.host.nat
    )
    assert snapshot.host.sysctls["net.ipv4.ip_forward"] == "1"


@pytest.mark.parametrize("living", [False, True])
def test_lines_meet_the_network_of_a_container_that_has_no_bash(host: Lab, living: bool) -> None:
    """As the remedies of ``why`` do: the programs are the host's."""
    gateway = host.sh("ip -4 route show default", "app", echo=False, living=living)
    assert not gateway.failures, gateway
    assert gateway.stdout.split()[:3] == ["default", "via", "172.17.0.1"]
    inside = host.run("cat", "/etc/hostname", ns="app", full=True)
    assert inside.stdout.strip() == "app", "a program that it has is the container's own"


def test_the_container_reaches_the_world(host: Lab) -> None:
    page = printed(host, "docker exec app wget -q -O - http://www.example.org/")
    assert "came from 198.51.100.10" in page
    assert host.why("app", "203.0.113.80")


def test_a_container_that_was_started_runs_its_program(host: Lab) -> None:
    """A picture drawn at once must not show ``runc init``, which it is for a moment before."""
    for number in range(3):
        printed(host, f"docker run -d --name n{number} --hostname n{number} busybox sleep 1000")
        (space,) = [space for space in host.snapshot() if space.label == f"n{number}"]
        assert [process.command for process in space.processes] == ["sleep 1000"]
        printed(host, f"docker rm -f n{number}")


def test_a_container_is_born_as_all_of_a_lab_is_whatever_the_machine_says(host: Lab) -> None:
    """Machines with Docker forward, and so would every new namespace."""
    read = "busybox cat /proc/sys/net/ipv4/ip_forward"
    asked = {
        "": "0",
        "--sysctl net.ipv4.ip_forward=1": "1",
        "--network host": "1",  # the host's own, which Docker has switched on
        "--network container:app": "0",
        "--network none": "0",
    }
    assert {words: printed(host, f"docker run --rm {words} {read}") for words in asked} == asked
    refused = host.sh("docker run --rm --sysctl net.ipv4.ip_forward=9x busybox true", echo=False)
    assert refused.failures
    assert "net.ipv4.ip_forward" in refused.stdout + refused.stderr


def test_starting_twice_is_no_error(host: Lab) -> None:
    before = printed(host, "cat /run/nslab/docker/pid")
    docker.start(host)
    assert printed(host, "cat /run/nslab/docker/pid") == before


def test_docker_keeps_the_namespace_under_a_name_of_its_own(host: Lab) -> None:
    """Row G1: not by its PID; that is what people do by hand."""
    inspect = "docker inspect -f '{{.NetworkSettings.SandboxKey}}' app"
    key = printed(host, f"readlink -f $({inspect})")
    pid = printed(host, "docker inspect -f '{{.State.Pid}}' app")
    inode = printed(host, f"readlink /proc/{pid}/ns/net")
    (space,) = [space for space in host.snapshot() if space.label == "app"]
    assert inode == f"net:[{space.inode}]"
    assert key.startswith("/run/docker/netns/")
    assert pid != key.rsplit("/", 1)[1]
    assert printed(host, f"stat -c %i {key}") == str(space.inode)
    assert pid not in printed(host, "ls /run/netns").split()


@pytest.mark.parametrize("taken", [[], ["172.17.0.0/16"], ["172.16.0.0/12"]])
def test_the_engines_network_is_the_one_that_is_foretold(taken: list[str]) -> None:
    with Lab("pools", start=[AddRoute(route, dev="eth0") for route in taken]) as lab:
        foretold = free_pool(lab.snapshot().host.routes)
        docker.start(lab)
        line = "docker network inspect bridge -f '{{(index .IPAM.Config 0).Subnet}}'"
        assert printed(lab, line) == foretold
        following = free_pool(lab.snapshot().host.routes)
        printed(lab, "docker network create next")
        assert printed(lab, line.replace("bridge", "next")) == following


def test_docker_sends_the_messages_itself() -> None:
    """Row G2: the veth pair is made by the engine's own bytes, and no ip is run."""
    with Lab("bytes") as lab:
        docker.start(lab)
        with nlmessages.Watch(lab, "dockerd") as seen:
            assert not lab.sh("docker run -d busybox sleep 1000", timeout=60).failures
    pairs = [
        message
        for message in seen.messages
        if message.name == "RTM_NEWLINK" and any(field.value == "veth" for field in message.fields)
    ]
    assert pairs
    assert any(field.name == "VETH_INFO_PEER" for field in pairs[0].fields)
    assert "ip" not in seen.programs


def namespace_of(pid: str) -> str:
    """The PID namespace of a process; of one that has ended or is not ours, none."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def test_nothing_of_it_is_left() -> None:
    def engines() -> set[str]:
        listed = subprocess.run(["ps", "-e", "-o", "pid=,args="], capture_output=True, text=True)
        return {
            line.split()[0]
            for line in listed.stdout.splitlines()
            if "dockerd --add-runtime lab=" in line
        }

    with Lab("ending") as lab:
        docker.start(lab)
        found = labs.of(lab.engine)
        assert found
        agent = found.pid
        space = os.readlink(f"/proc/{agent}/ns/pid")
        # Other labs may have an engine, too: this is the one that shares the agent's processes.
        own = {pid for pid in engines() if namespace_of(pid) == space}
        assert len(own) == 1
    wait_for(lambda: not own & engines(), "the engine is gone")


def test_a_model_has_no_engine() -> None:
    with Lab(engine="fake") as lab, pytest.raises(InvalidInput, match="model"):
        docker.start(lab)
