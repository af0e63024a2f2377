"""A star of N namespaces with pyroute2, call by call, as its documentation shows it."""

import json
import sys
import time

from addresses import GATEWAY, LENGTH, address
from pyroute2 import IPRoute, netns


def build(size: int) -> None:
    with IPRoute() as host:
        host.link("add", ifname="br0", kind="bridge")
        bridge = host.link_lookup(ifname="br0")[0]
        host.addr("add", index=bridge, address=GATEWAY, prefixlen=LENGTH)
        host.link("set", index=bridge, state="up")
        for number in range(size):
            name, outer, inner = f"n{number}", f"h{number}", f"p{number}"
            netns.create(name)
            host.link("add", ifname=outer, kind="veth", peer=inner)
            host.link("set", index=host.link_lookup(ifname=inner)[0], net_ns_fd=name)
            index = host.link_lookup(ifname=outer)[0]
            host.link("set", index=index, master=bridge)
            host.link("set", index=index, state="up")
            with IPRoute(netns=name) as inside:
                index = inside.link_lookup(ifname=inner)[0]
                inside.link("set", index=index, ifname="eth0")
                inside.link("set", index=1, state="up")
                inside.link("set", index=index, state="up")
                inside.addr("add", index=index, address=address(number), prefixlen=LENGTH)
                inside.route("add", dst="default", gateway=GATEWAY)


if __name__ == "__main__":
    start = time.perf_counter()
    build(int(sys.argv[1]))
    print(json.dumps({"build": time.perf_counter() - start}))
