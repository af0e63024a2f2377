"""Programs that want a keyboard or a screen: which lines are noticed, and which are left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nslab.jupyter import cells
from nslab.jupyter.interactive import complained, needed
from nslab.jupyter.lines import commands

NOTICED = [
    ("vim /etc/hosts", "vim"),
    ("vi", "vi"),
    ("ip link\nnano /etc/hosts", "nano"),
    ("sudo vim /etc/hosts", "vim"),
    ("EDITOR=x env A=b vim x", "vim"),
    ("true && vim x", "vim"),
    ("visudo", "visudo"),
    ("busybox vi x", "vi"),
    ("emacs -nw x", "emacs"),
    ("top", "top"),
    ("timeout 5 top -d 1", "top"),
    ("htop", "htop"),
    ("watch -n 1 ip address", "watch"),
    ("mc", "mc"),
    ("mtr 203.0.113.80", "mtr"),
    ("tmux", "tmux"),
    ("screen -S x", "screen"),
    ("crontab -e", "crontab -e"),
    ("script", "script"),
    ("python3", "python3"),
    ("python3 -", "python3"),
    ("python3 -q", "python3"),
    ("ipython", "ipython"),
    ("perl", "perl"),
    ("bc -l", "bc"),
    ("gdb", "gdb"),
    ("nslookup", "nslookup"),
    ("telnet", "telnet"),
    ("mysql -u root", "mysql"),
    ("psql", "psql"),
    ("bash", "bash"),
    ("sh -i", "sh"),
    ("bash --norc -x", "bash"),
    ("exec bash", "bash"),
    ("ip netns exec ns1 bash", "bash"),
    ("unshare --net", "bash"),
    ("unshare -n bash", "bash"),
    ("nsenter -t 5 -n", "bash"),
    ("nsenter --net=/run/netns/ns1 sh", "sh"),
    ("chroot /mnt", "bash"),
    ("ssh 198.51.100.20", "ssh"),
    ("ssh -p 22 root@198.51.100.20", "ssh"),
    ("read name", "read"),
    ("read -p 'Name? ' name", "read"),
    ("passwd", "passwd"),
    ("cat", "cat"),
    ("cat > /etc/motd\nhello", "cat"),
    ("docker run -it busybox sh", "docker run -it"),
    ("docker run --rm -ti busybox", "docker run -it"),
    ("docker exec --interactive --tty app sh", "docker exec -it"),
    ("docker attach app", "docker attach"),
    ("nslab enter ns1", "nslab enter"),
]

LEFT_ALONE = [
    *("vim --version", "vim -es x", "which vim", "command -v vim", "echo vim", "man vim", "vim=3"),
    *("top -b -n 1", "top -bn1", "mtr --report x", "mtr -rw x", "tmux ls", "tmux new -d"),
    *("less /etc/hosts", "ip link | less", "more x", "man ip", "journalctl", "tail -f x"),
    *("python3 x.py", "python3 -c 'x'", "python3 -m http.server 80 &", "python3 -V"),
    *("python3 - <<END\ninput()\nEND", "python3 <<< 'x'", "echo x | python3", "python3 < x"),
    *("bash x.sh", "bash -c vim", "bash -lc vim", "bash -s < x", "bash <<END\nvim\nEND"),
    *("curl x | bash", "ip netns exec ns1 bash -c 'ip a'", "ip netns exec ns1 ip a"),
    *("unshare -n ip a", "nsenter -t $(pgrep -o -x sleep) -n ip -brief address"),
    *("ssh h ls", "ssh -N -L 1:h:2 h", "ssh -V", "telnet 198.51.100.20 80", "nc -l 80"),
    *("read x < f", "echo y | read x", "read x <<< y", "read -t 1 x", "read -u 3 x"),
    *("while read x; do echo $x; done < f", "ip -o link | while read a b; do echo $a; done"),
    *("cat f", "cat < f", "cat <<END > f\nvim\nEND", "cat <<-'END'\n\tvim\n\tEND", "x | cat"),
    *("cat f | less", "tee", "docker exec app sh -c x", "docker run -dit busybox"),
    *("docker run --rm busybox ip -it", "crontab -l", "mysql -e 'x'", "psql -c x", "psql -f x"),
    *("perl -ne 'print'", "strace -p 5", "strace -e trace=ioctl brctl addbr x", "tcpdump -ni lo"),
    *("# vim", "echo '\nvim\n'", 'echo "a\nvim"', "echo a \\\nvim", "x=$(vim)", "ls | xargs vim"),
    *("nslab enter ns1 -- ip a", "sudo -i", "su -", "!!", "", " \n", "&", "((", "'", '"', "<<"),
    *("for i in 1; do vim; done", "if vim; then :; fi", "f() { vim; }", "(vim)"),
    *("case x in a) vim;; esac", "nslookup www.example.org", "bc <<< 1+1", "ip -ts monitor"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "program"), NOTICED)
def test_it_is_noticed(typed: str, program: str) -> None:
    need = needed(typed)
    assert need is not None
    assert need.program == program
    words = str(need.error())
    assert f"{program} in a cell" in words
    assert "nothing of the cell was run" in words
    assert "lab.terminal(" in words


@pytest.mark.parametrize("typed", LEFT_ALONE)
def test_it_is_left_alone(typed: str) -> None:
    assert needed(typed) is None


@pytest.mark.parametrize(
    ("typed", "ns", "named"),
    [
        ("vim", None, "lab.terminal()"),
        ("vim", "ns1", 'lab.terminal("ns1")'),
        ("ip netns exec ns2 vim", None, 'lab.terminal("ns2")'),
        ("ip netns exec ns2 bash\nip link", "ns1", "%%ns ns2"),
        ("vim", None, "cat > FILE"),
        ("top", None, "top -b"),
    ],
)
def test_the_way_is_named(typed: str, ns: str | None, named: str) -> None:
    need = needed(typed, ns)
    assert need is not None
    assert named in str(need.error())


def test_no_cell_of_the_lessons_is_refused() -> None:
    checked = 0
    for path in sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            source = "".join(cell["source"])
            if source.startswith(("%%host", "%%ns")):
                assert needed(source.partition("\n")[2]) is None, source
                checked += 1
    assert checked > 50


@pytest.mark.parametrize(
    ("said", "is_one"),
    [
        ("top: failed tty get\n", True),
        ("the input device is not a TTY\n", True),
        ("open terminal failed: not a terminal\n", True),
        ("Error opening terminal: unknown.\n", True),
        ("stty: 'standard input': Inappropriate ioctl for device\n", True),
        ("bash: line 1: nosuch: command not found\n", False),
        ("RTNETLINK answers: Operation not permitted\n", False),
        ("not a directory\n", False),
    ],
)
def test_a_complaint(said: str, is_one: bool) -> None:
    assert complained(said) == is_one


SHELL = st.text(alphabet="ab $(){}[]<>|&;\"'`\\\n#-=!~*?", max_size=40)


@given(SHELL)
def test_any_text_can_be_read(text: str) -> None:
    commands(text)
    needed(text)


@given(st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), min_size=1, max_size=5))
def test_plain_words_are_read_as_they_are(words: list[str]) -> None:
    found = commands(" ".join(["x", *words]))
    assert [command.words for command in found] == [["x", *words]]


@given(st.text(alphabet=st.characters(max_codepoint=0x3000), max_size=60))
def test_any_text_comes_to_an_end(text: str) -> None:
    needed(text)
    cells.hint(text)
    cells.meant(text.splitlines(keepends=True), ["host", "ns"])
