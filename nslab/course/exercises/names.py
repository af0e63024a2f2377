"""06: who sees a file of /etc/netns, a name for one namespace, a file where nobody looks."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, MustNot, WrongAnswer
from nslab.network.actions import ResolvConf
from nslab.sentence import sentence
from nslab.session.check import HasFile, Resolves

_HOSTS = "/etc/netns/ns1/hosts"
_SHOP = f"echo 192.168.10.30 shop > {_HOSTS}"
_INSIDE = Resolves("ns1", "shop", "192.168.10.30")
_ENTERED = Resolves("ns1", "shop", files=False)
_HOST = Resolves(None, "shop")
_LOST = "/etc/netns/ns-1"

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="Where no name server knows a name, the file /etc/hosts may. You put one beside the "
        f"resolv.conf of `ns1`: `{_SHOP}`. Which programs find the name `shop`?",
        done=True,
        choices=(
            Choice(
                "a",
                "Those that `ip netns exec ns1` starts, and no others.",
                (_INSIDE,),
                (_ENTERED, _HOST),
            ),
            Choice("b", "All in ns1, also those that `nsenter` starts.", (_INSIDE, _ENTERED)),
            Choice("c", "All, also those of the host.", (_INSIDE, _HOST)),
            Choice(
                "d",
                "None: of that directory only resolv.conf counts.",
                (Resolves("ns1", "shop", ok=False),),
            ),
        ),
        checks=(HasFile(_HOSTS, "192.168.10.30 shop"),),
        because="`ip netns exec` puts the files of /etc/netns/ns1 over those of /etc, for the "
        "program that it starts and for no other. `nsenter --net` changes the network "
        "alone.",
        hints=(
            "Who binds the files of that directory over those in /etc, and which of them?",
            "`getent hosts shop` looks a name up. Run it in the host, and in ns1 both ways.",
            (
                f"`{_SHOP}`, `ip netns exec ns1 getent hosts shop`, "
                "`nsenter --net=/run/netns/ns1 getent hosts shop`."
            ),
        ),
        answer=(_SHOP,),
        others=(
            (f"cat > {_HOSTS} <<'END'\n192.168.10.30 shop\nEND",),
            (f"echo 192.168.10.30 shop | install -m 644 /dev/stdin {_HOSTS}",),
        ),
        wrong=(
            WrongAnswer((_SHOP,), "you chose b, but a program that nsenter starts in ns1", "b"),
            WrongAnswer((_SHOP,), "you chose c, but host does not find shop", "c"),
            WrongAnswer((_SHOP,), "you chose d, but ns1 finds shop: 192.168.10.30", "d"),
            WrongAnswer((), f"there is no file {_HOSTS}", "d"),
            WrongAnswer(
                ("echo 192.168.10.30 shop >> /etc/hosts", _SHOP),
                "with nothing but what the exercise says, host does not find shop",
                "c",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="The file /etc/hosts says that `printer` is 198.51.100.20, for everybody. Programs "
        "that `ip netns exec ns1` starts should find one more name: `db` is 192.168.10.30. They "
        "still find `printer`, and the host does not find `db`.",
        done=True,
        prepare=("echo 198.51.100.20 printer >> /etc/hosts",),
        checks=(
            Resolves("ns1", "db", "192.168.10.30"),
            Resolves("ns1", "printer", "198.51.100.20"),
        ),
        mustnot=(
            MustNot(
                Resolves(None, "db"),
                sentence("the host finds db, too: the name was to be known in ns1 only"),
            ),
        ),
        hints=(
            "What becomes of the file of the host when another one is bound over it?",
            "`cat /etc/hosts` in the host and by `ip netns exec ns1`, before and after.",
            f"`cp /etc/hosts {_HOSTS}`, and then a line more at its end.",
        ),
        answer=(f"cp /etc/hosts {_HOSTS}", f"echo 192.168.10.30 db >> {_HOSTS}"),
        others=(
            (f"printf '198.51.100.20 printer\\n192.168.10.30 db\\n' > {_HOSTS}",),
            (f"sed '1i 192.168.10.30 db' /etc/hosts > {_HOSTS}",),
        ),
        wrong=(
            WrongAnswer((f"echo 192.168.10.30 db > {_HOSTS}",), "ns1 does not find printer"),
            WrongAnswer((f"cp /etc/hosts {_HOSTS}",), "ns1 does not find db"),
            WrongAnswer(
                (f"cp /etc/hosts {_HOSTS}", f"echo 192.168.10.3 db >> {_HOSTS}"),
                "ns1 finds db: 192.168.10.3",
            ),
            WrongAnswer(("echo 192.168.10.30 db >> /etc/hosts",), "the host finds db, too"),
            WrongAnswer(
                (  # nothing is bound over it yet, so it is the host's
                    "ip netns exec ns1 sh -c 'echo 192.168.10.30 db >> /etc/hosts'",
                ),
                "the host finds db, too",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        find=True,
        goal="Somebody has written down a name server for `ns1`, and `ns1` finds no names all "
        "the same. Put it right: `ns1` finds www.example.org, which is 203.0.113.80. The host's "
        "own /etc/resolv.conf stays as it is, and below /etc/netns nothing is left that nobody "
        "reads.",
        before="F1",
        prepare=(f"mkdir -p {_LOST}", f'echo "nameserver 8.8.8.8" > {_LOST}/resolv.conf'),
        checks=(
            Resolves("ns1", "www.example.org", "203.0.113.80"),
            HasFile("/etc/resolv.conf", "nameserver 127.0.0.53"),
        ),
        mustnot=(
            MustNot(
                HasFile(f"{_LOST}/"),
                sentence("there still is {path}, and no namespace is called that", path=_LOST),
            ),
        ),
        hints=(
            "By what does `ip netns exec ns1` know which directory is meant for ns1?",
            "`ip netns exec ns1 cat /etc/resolv.conf`, and `ls -R /etc/netns`.",
            "`mv` gives the directory another name.",
        ),
        answer=(f"mv {_LOST} /etc/netns/ns1",),
        others=(
            (f"rm -r {_LOST}", ResolvConf("8.8.8.8", ns="ns1")),
            (
                f"rm {_LOST}/resolv.conf",
                f"rmdir {_LOST}",
                "mkdir /etc/netns/ns1",
                "printf 'search example.org\\nnameserver 8.8.8.8\\n' > /etc/netns/ns1/resolv.conf",
            ),
        ),
        wrong=(
            WrongAnswer((f"rm -r {_LOST}",), "ns1 does not find www.example.org"),
            WrongAnswer((f"cp -r {_LOST} /etc/netns/ns1",), f"there still is {_LOST}"),
            WrongAnswer(
                (f"rm -r {_LOST}", 'echo "nameserver 8.8.8.8" > /etc/resolv.conf'),
                "/etc/resolv.conf is missing, or the same as in a fresh lab",
            ),
            WrongAnswer(
                (
                    f"mv {_LOST} /etc/netns/ns1",
                    'echo "nameserver 127.0.0.53" > /etc/netns/ns1/resolv.conf',
                ),
                "ns1 does not find www.example.org",
            ),
        ),
    ),
)
