#!/bin/bash
# A star of N namespaces the article's way: one process for each command.
set -eu
start=$EPOCHREALTIME
brctl addbr br0
ifconfig br0 10.0.0.1/16 up
for ((i = 0; i < $1; i++)); do
    ip netns add "n$i"
    ip netns exec "n$i" ip link set dev lo up
    ip link add "h$i" type veth peer name "p$i"
    ip link set "p$i" netns "n$i"
    ip netns exec "n$i" ip link set dev "p$i" name eth0
    ip netns exec "n$i" ifconfig eth0 "10.0.$(((i + 2) >> 8)).$(((i + 2) & 255))/16" up
    brctl addif br0 "h$i"
    ifconfig "h$i" up
    ip netns exec "n$i" ip route add default via 10.0.0.1
done
echo "{\"build\": $(bc <<<"x = $EPOCHREALTIME - $start; if (x < 1) print 0; x")}"
