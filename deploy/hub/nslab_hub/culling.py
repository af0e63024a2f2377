"""Ends servers that nobody uses, whatever the machine's clock does.

``jupyterhub_idle_culler`` reckons with the time of day.  A clock that is put forward by an hour, as
when a machine wakes from sleep or meets its time server for the first time, would make it end
every server of a class at once, and all labs with them.  So a second clock must agree, one that
only runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from nslab_hub.following import end_with_parent


class Patience:
    """Decides for jupyterhub_idle_culler (its ``cull_arbiter_hook``).

    :param longest: seconds after which a server is ended in any case; 0 for never
    :param clock: seconds that only grow, without those that the machine sleeps
    """

    def __init__(self, longest: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest, self._clock = longest, clock
        self._seen: dict[str, tuple[str, float, str, float]] = {}
        """By a server's address: when it was started and since when that is known here; when it
        was used last, and since when that is known."""

    def __call__(
        self, *, inactive: timedelta, inactive_limit: float, server: Mapping[str, Any]
    ) -> bool:
        """Whether to end it.

        :param inactive: since when nobody has used it, by the time of day
        :param inactive_limit: seconds that this may be
        :param server: the server as the hub describes it
        """
        now, begun = self._clock(), str(server.get("started"))
        used = str(server.get("last_activity"))
        known = self._seen.get(server["url"])
        if known is None or known[0] != begun:
            known = (begun, now, used, now)
        elif known[2] != used:
            known = (begun, known[1], used, now)
        self._seen[server["url"]] = known
        if self._longest and now - known[1] >= self._longest:
            return True
        idle = min(inactive.total_seconds(), now - known[3])
        return idle >= inactive_limit


def main() -> None:
    """The command: jupyterhub_idle_culler with its own options, and another judge."""
    from jupyterhub_idle_culler import IdleCuller

    end_with_parent()

    class Culler(IdleCuller):  # type: ignore[misc]
        def start(self) -> None:
            self.cull_arbiter_hook = Patience(self.max_age)
            self.max_age = 0  # by the time of day, which the hook does better
            super().start()

    Culler.launch_instance()


if __name__ == "__main__":
    main()
