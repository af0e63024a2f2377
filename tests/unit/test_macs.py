"""Who chose a MAC: the kernel draws billions, and a few of those look like one that was chosen."""

from __future__ import annotations

import pytest

from nslab.network.model import who_chose


@pytest.mark.parametrize(
    ("mac", "who"),
    [
        ("00:00:00:00:00:00", "permanent"),
        ("02:00:00:00:00:07", "set"),
        ("02:00:00:99:00:01", "set"),
        ("0a:00:00:00:00:01", "set"),
        ("00:0c:29:b7:67:7d", "set"),
        ("3e:91:5c:07:21:88", "random"),
        # Was drawn once, in a test of two labs that were to be the same.
        ("c6:00:00:e0:c6:a8", "random"),
        ("02:00:17:e0:c6:a8", "random"),
    ],
)
def test_a_mac_by_its_look(mac: str, who: str) -> None:
    assert who_chose(bytes.fromhex(mac.replace(":", ""))) == who


def test_a_link_without_one_has_chosen_nothing() -> None:
    assert who_chose(b"") == "permanent"
