"""The form of the tables, and the phrases that stand in several."""

from __future__ import annotations

from nslab.network.actions import Action

Table = dict[tuple[type[Action], int], tuple[str, str]]
"""(action, errno) → (cause, hint).

The fields of the action may be used in braces; {ns} is " -n NAME" or nothing, {where} the name of
the namespace.
"""

SEE_LINKS = "ip{ns} -brief link"

ANOTHER_NAME = "choose another name, or move and rename it afterwards"

NO_DRIVER = ("this kernel cannot make one: the driver is missing", "nslab doctor says what it has")
