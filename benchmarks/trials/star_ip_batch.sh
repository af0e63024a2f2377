#!/bin/bash
# A star of N namespaces by `ip -batch`: one process for the host and one for each namespace.
set -eu
start=$EPOCHREALTIME
{
    echo "link add br0 type bridge"
    echo "address add 10.0.0.1/16 broadcast + dev br0"
    echo "link set br0 up"
    for ((i = 0; i < $1; i++)); do
        echo "netns add n$i"
        echo "link add h$i master br0 up type veth peer name eth0 netns n$i"
    done
} | ip -batch -
for ((i = 0; i < $1; i++)); do
    ip -n "n$i" -batch - <<END
link set lo up
link set eth0 up
address add 10.0.$(((i + 2) >> 8)).$(((i + 2) & 255))/16 broadcast + dev eth0
route add default via 10.0.0.1
END
done
echo "{\"build\": $(bc <<<"x = $EPOCHREALTIME - $start; if (x < 1) print 0; x")}"
