"""A star of N hosts with Mininet's LinuxBridge, made and stopped.

Run by the system's own Python, which has Debian's package.  Making is everything from the topology
to the bridge's address; stopping is ``net.stop()``, and then waiting for what it left.
"""

import json
import os
import sys
import time

from addresses import GATEWAY, LENGTH, address
from gone import descendants, links_gone, namespaces_freed, processes_gone
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import Topo


class Star(Topo):
    def build(self, size):
        switch = self.addSwitch("s1")
        for number in range(size):
            host = self.addHost(
                f"n{number}", ip=f"{address(number)}/{LENGTH}", defaultRoute=f"via {GATEWAY}"
            )
            self.addLink(host, switch)


def wrong(net, size):
    for name in ("n0", f"n{size - 1}"):
        said = net[name].cmd(f"ping -c3 -i0.2 -W1 {GATEWAY}")
        if " 0% packet loss" not in said:
            return f"{name} does not reach the gateway: {said}"
    ports = len(os.listdir("/sys/class/net/s1/brif"))
    return "" if ports == size else f"the bridge has {ports} ports"


def main(size):
    Mininet.inited = True  # else it changes the machine's sysctls and limits
    result = {}
    start = time.perf_counter()
    net = Mininet(topo=Star(size=size), switch=LinuxBridge, controller=None)
    net.start()
    net["s1"].cmd(f"ifconfig s1 {GATEWAY}/{LENGTH}")
    result["build"] = time.perf_counter() - start
    result["wrong"] = wrong(net, size)
    processes = descendants(os.getpid())
    start = time.perf_counter()
    net.stop()
    result["close"] = time.perf_counter() - start
    processes_gone(processes)
    links_gone("s1-eth")
    result["links_gone"] = time.perf_counter() - start
    namespaces_freed()
    result["freed"] = time.perf_counter() - start
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]))
