"""What a learner types into a cell: what runs as it was meant, and what is said to the rest."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nslab.jupyter import cells, magics

HOST = "%%host\nip link\n"


@pytest.mark.parametrize(
    ("typed", "runs"),
    [
        (HOST, HOST),
        ("# a look\n%%host\nip link\n", HOST),
        ("\n\n  %%host\nip link\n", HOST),
        ("%%host ip link\n", HOST),
        ("%host ip link", HOST),
        ("%%host   ip link \n", HOST),
        ("%%hots\nip link\n", HOST),
        ("%%Host\nip link\n", HOST),
        ("%%host timeout=5 ip link\n", "%%host timeout=5\nip link\n"),
        ("%%host timeout=5\nip link\n", "%%host timeout=5\nip link\n"),
        ("%%host ip link\nip route\n", "%%host\nip link\nip route\n"),
        ("%%ns ns1\nip link\n", "%%ns ns1\nip link\n"),
        ("# in ns1\n%%ns ns1 timeout=5 ip  addr\n", "%%ns ns1 timeout=5\nip  addr\n"),
        ("%%ns\nip link\n", "%%ns\nip link\n"),
        ("%%host\n", "%%host\n#\n"),
        # what is not ours stays as it is
        ("%%time\nx = 1\n", "%%time\nx = 1\n"),
        ("%timeit host\n", "%timeit host\n"),
        ("# host\nx = 1\n", "# host\nx = 1\n"),
        ("%%html\n<b>\n", "%%html\n<b>\n"),
        ("x = 1\n%%host\n", "x = 1\n%%host\n"),
        ("", ""),
    ],
)
def test_what_runs(typed: str, runs: str) -> None:
    known = ["host", "ns", "time", "html", "timeit"]
    assert "".join(cells.meant(typed.splitlines(keepends=True), known)) == runs


LAB = "begin the cell with %%host"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ip link", LAB),
        ("# look\nsudo ip link add br0 type bridge\n", LAB),
        ("ping -c 1 8.8.8.8", LAB),
        ("!ip link", "asks your own machine"),
        ("!ip -br addr show dev lo", "asks your own machine"),
        ("!sudo brctl show", "asks your own machine"),
        ("!sysctl net.ipv4.ip_forward", "asks your own machine"),
        ("!iptables -t nat -L -n", "asks your own machine"),
        ("x = 1\n!ip link add br0 type bridge", "changes your own machine"),
        ("!sudo iptables -F", "changes your own machine"),
        ("!sysctl -w net.ipv4.ip_forward=1", "changes your own machine"),
        ("!ifconfig eth0 down", "changes your own machine"),
        ("x = 1", ""),
        ("!ls", ""),
        ("!pip install scapy", ""),
        ("lab.sh('ip link'", ""),
        ("%%host\n!ip link", ""),
        ("ip = 5", ""),
        ("", ""),
    ],
)
def test_what_is_said(typed: str, said: str) -> None:
    found = cells.hint(typed)
    assert said in found
    assert bool(found) == bool(said)


def test_a_shell_reads_cells_so(capsys: pytest.CaptureFixture[str]) -> None:
    shell = InteractiveShell()
    magics.load_ipython_extension(shell)
    transformed = shell.transform_cell("# a look\n\n %%host ip link\n")
    assert transformed == "get_ipython().run_cell_magic('host', '', 'ip link\\n')\n"
    shell.run_cell("!ip -V")
    assert "nslab: this asks your own machine" in capsys.readouterr().out
    shell.run_cell("cat /etc/hostname")  # Python could read that, too; IPython has such an alias
    assert "nslab: this asks your own machine" in capsys.readouterr().out
    shell.run_cell("x = 1")
    assert "nslab" not in capsys.readouterr().out
