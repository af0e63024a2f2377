#!/usr/bin/python3
"""The engine's runtime in a lab: runc, with a specification that needs no control groups.

These are the changes that ``runc spec --rootless`` makes: no cgroup path, limits, mount or
namespace, and no group for terminals, which is an id that an ordinary user's lab does not have.

A lab of root's allows a fresh /proc only if it is read-only, so a container's is, in every lab.
The settings that Docker would have written there are written from outside, before the program runs,
but for those that open low ports and pings to every user: an ordinary user's lab has one.

A network namespace is born with the machine's forwarding, which is on wherever Docker runs.  Here
it is born without, as all of the lab's are, so that a lesson says the same on every machine.

A container is called started when its program runs.  ``runc start`` itself only tells the first
process to become that program, and for a moment longer it is one called ``runc init``.
"""

import json
import os
import subprocess
import sys
import time

BY_DOCKER = ("net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range")
"""What it sets for every container."""

settings = {}
arguments = sys.argv[1:]
if "--bundle" in arguments:
    path = arguments[arguments.index("--bundle") + 1] + "/config.json"
    with open(path) as file:
        spec = json.load(file)
    for key in ("cgroupsPath", "resources"):
        spec["linux"].pop(key, None)
    wanted = spec["linux"].pop("sysctl", None) or {}
    spaces = spec["linux"].get("namespaces", [])
    if {"type": "network"} in spaces:  # one of its own: it has no path
        settings = {"net.ipv4.ip_forward": "0", **wanted}
    spec["linux"]["namespaces"] = [one for one in spaces if one["type"] != "cgroup"]
    spec["mounts"] = [mount for mount in spec["mounts"] if mount.get("type") != "cgroup"]
    for mount in spec["mounts"]:
        options = mount.get("options", [])
        mount["options"] = [option for option in options if not option.startswith("gid=")]
        if mount.get("type") == "proc":
            mount["options"].append("ro")
    with open(path, "w") as file:
        json.dump(spec, file)

runc = ["runc", "--rootless", "true"]
if settings and "create" in arguments:
    options, ident = arguments[: arguments.index("create")], arguments[-1]
    code = subprocess.call([*runc, *arguments])
    if code == 0:
        state = subprocess.run([*runc, *options, "state", ident], capture_output=True, check=True)
        inside = ["nsenter", "-n", "-t", str(json.loads(state.stdout)["pid"])]
        for key, value in settings.items():
            if key in BY_DOCKER:
                continue
            words = [*inside, "sysctl", "-qw", f"{key}={value}"]
            ran = subprocess.run(words, capture_output=True, text=True)
            # sysctl ends with 0 after some refusals, too.
            if (ran.returncode or ran.stderr) and "--log" in options:
                code = 1
                with open(options[options.index("--log") + 1], "a") as log:
                    print(json.dumps({"level": "error", "msg": ran.stderr.strip()}), file=log)
    sys.exit(code)
if "start" in arguments:
    options, ident = arguments[: arguments.index("start")], arguments[-1]
    code = subprocess.call([*runc, *arguments])
    state = subprocess.run([*runc, *options, "state", ident], capture_output=True)
    limit = time.monotonic() + 10
    try:
        while code == state.returncode == 0 and time.monotonic() < limit:
            with open(f"/proc/{json.loads(state.stdout)['pid']}/cmdline", "rb") as file:
                if file.read() != b"runc\0init\0":
                    break
            time.sleep(0.002)
    except OSError:
        pass  # it has ended already
    sys.exit(code)
os.execvp("runc", [*runc, *arguments])
