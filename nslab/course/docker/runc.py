#!/usr/bin/python3
"""The engine's runtime in a lab: runc, with a specification that needs no control groups.

These are the changes that ``runc spec --rootless`` makes: no cgroup path, limits or mount, and no
group for terminals, which is an id that an ordinary user's lab does not have.
"""

import json
import os
import sys

arguments = sys.argv[1:]
if "--bundle" in arguments:
    path = arguments[arguments.index("--bundle") + 1] + "/config.json"
    with open(path) as file:
        spec = json.load(file)
    for key in ("cgroupsPath", "resources"):
        spec["linux"].pop(key, None)
    spec["mounts"] = [mount for mount in spec["mounts"] if mount.get("type") != "cgroup"]
    for mount in spec["mounts"]:
        options = mount.get("options", [])
        mount["options"] = [option for option in options if not option.startswith("gid=")]
    with open(path, "w") as file:
        json.dump(spec, file)
os.execvp("runc", ["runc", "--rootless", "true", *arguments])
