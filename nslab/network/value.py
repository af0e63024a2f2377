"""What all values of a network have in common."""

from __future__ import annotations

from msgspec import Struct


class Value(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A frozen record that can be sent as a message."""
