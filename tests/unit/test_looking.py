"""Which lines provably only look; in doubt they change something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nslab.network.looking import failed_entirely, only_looks, redefines, simple_commands

LOOKS = """
ip link
ip -br a
ip -s -d link show eth0
ip --brief addr
ip -4 route get 8.8.8.8
ip netns
ip netns list
ip netns exec ns1 ip route
ip netns exec ns1 ping -c1 10.0.0.1
ip -n ns1 link
ip neigh
ip rule show
bridge fdb show br br0
bridge vlan
tc -s qdisc show dev eth0
brctl show
brctl showmacs br0
ifconfig
ifconfig lxcbr0.1
ifconfig -a
route -n
arp -n
ping -c 1 -W1 $GATEWAY
ping -c1 10.0.0.1 >/dev/null 2>&1 && echo yes || echo no
cat /etc/resolv.conf | grep -v '^#' | sort -u
cat < /etc/hosts
ls -l /proc/*/ns/net
iptables -t nat -nvL
iptables -S FORWARD
iptables --list --line-numbers
iptables-save -t nat
nft list ruleset
nft -a list table ip nslab
sysctl net.ipv4.ip_forward
sysctl -n net/ipv4/conf/lxcbr0.1/rp_filter
sysctl -a | grep rp_filter
tcpdump -ni eth0 -c 1
ss -tlnp
conntrack -L
docker ps -a
docker network inspect bridge
sudo ip link
sudo -E iptables -L
timeout 3 tcpdump -i any
nsenter -t $PID -n ip addr
nsenter --net --target 12 ip addr
time ping -c1 10.0.0.1
curl -s http://www.example.org/
curl -sS -m 3 203.0.113.80
# nothing but a comment
/sbin/ip link
! ping -c1 10.0.0.1
sed -n 1,3p /etc/hosts
awk '{print $1}' /etc/hosts
find /etc -name 'x'
bash -c 'ip link; ip addr'
sleep 1000
""".strip().splitlines()

CHANGES = """
ip link set eth0 up
ip l s eth0 up
ip link add br0 type bridge
ip -batch x
ip -b x
ip {link,set,eth0,up}
ip $x
ip link $x
ip netns add ns1
ip netns exec ns1 ip link set lo up
ip netns exec ns1 bash
ip netns exec ns1
ip route flush cache
ip link > links.txt
ip link >> links.txt
ip link | tee links.txt
ping 1.2.3.4 &
ifconfig eth0 up
ifconfig eth0 10.0.0.1/24
route add default gw 10.0.0.1
arp -d 10.0.0.1
arp -s 10.0.0.1 02:00:00:00:00:01
brctl stp br0 off
iptables -A FORWARD -j DROP
iptables -L -Z
iptables -ZL
iptables -F
iptables -P FORWARD DROP
iptables --list --zero
nft flush ruleset
nft list ruleset ; nft flush ruleset
nft 'list ruleset; flush ruleset'
nft -f rules
sysctl -w net.ipv4.ip_forward=1
sysctl net.ipv4.ip_forward=1
sysctl -p
tcpdump -w x.pcap
tcpdump -nw x.pcap
tcpdump $options
ss -K dst 10.0.0.1
ss -tK
conntrack -D
conntrack -L -z
docker run x
docker network create x
docker $x
echo 1 > /proc/sys/net/ipv4/ip_forward
echo x | tee /etc/x
cat <<< x
cat > x <<EOF
x=$(ip link add a type bridge)
echo `rm x`
echo "$(rm x)"
echo ${x:=1}
cat <(rm x)
(rm x)
{ rm x; }
for i in 1 2; do ping $i; done
if true; then rm x; fi
f() { rm x; }
find / -delete
find / -exec rm {} ;
sort -o x x
sed -i s/a/b/ x
sed 'w x' y
awk '{print > "x"}' y
awk 'BEGIN{system("rm x")}'
PATH=/tmp ip link
LD_PRELOAD=x ls
sudo rm x
bash script
bash -c 'rm x'
sh
curl -o x http://y
curl -O http://y
wget http://y
mkdir -p /etc/netns/ns1
touch x
kill 1
"$x"
$x
uniq a b
printf -v x y
hostname other
date -s 12:00
echo 'never ends
echo "never ends
""".strip().splitlines()


@pytest.mark.parametrize("line", LOOKS)
def test_it_looks(line: str) -> None:
    assert only_looks(line)


@pytest.mark.parametrize("line", CHANGES)
def test_it_changes_or_may(line: str) -> None:
    assert not only_looks(line)


def test_several_lines() -> None:
    assert only_looks("ip link\n\n# a look\nip addr |\n  grep eth0\n")
    assert not only_looks("ip link\nip link set eth0 up\nip link")
    assert only_looks("ip \\\n link")


@pytest.mark.parametrize("line", ["cd /usr", "x=1", "set -e", "shopt -s extglob"])
def test_what_a_shell_keeps_counts_where_it_goes_on(line: str) -> None:
    assert only_looks(line)
    assert not only_looks(line, living=True)


@pytest.mark.parametrize(
    "line", ["f() { x; }", "alias ip=rm", ". x", "source x", "PATH=/x", "eval x"]
)
def test_what_may_give_a_program_another_meaning(line: str) -> None:
    assert redefines(line)
    assert not redefines("ip link; cd ..; x=1")


def test_words_are_those_of_the_shell() -> None:
    found = simple_commands("a 'b c' \"d $e\" f\\ g # h\n\ni && j")
    assert found is not None
    assert [each.words for each in found] == [("a", "b c", "d \0", "f g"), ("i",), ("j",)]
    assert [(each.line, each.joint) for each in found] == [(1, ";"), (3, ";"), (3, "&&")]


@pytest.mark.parametrize(
    ("text", "failed", "entirely"),
    [
        ("brctl spt br0 off", [1], True),
        ("ip link\nbrctl spt br0 off\nip link", [2], True),
        ("brctl spt br0 off\nip link add a type bridge", [1], False),
        ("a; b", [1], False),
        ("a; b", [1, 1], True),
        ("a && b", [1], False),
        ("a | b", [1], False),
        ("for x in 1; do a; done", [1], False),
        ("ip link", [], True),
    ],
)
def test_what_failed_entirely(text: str, failed: list[int], entirely: bool) -> None:
    assert failed_entirely(text, failed) is entirely


@pytest.mark.parametrize(
    "text", ["ip\xa0link", "ip link\x0b", "\x0c", "ip\u2028a", "a\x85b", "ip link\r\n", "\r", "\\"]
)
def test_blanks_that_are_none_to_bash_come_to_an_end(text: str) -> None:
    """A no-break space that came with a copy: the reading stood still there, for ever."""
    found = simple_commands(text)
    assert found is None or all(" " not in word for one in found for word in one.words)


@given(st.text(alphabet=st.characters(max_codepoint=0x3000), max_size=60))
def test_any_text_comes_to_an_end(text: str) -> None:
    simple_commands(text)
