"""The addresses of a star: the gateway is the bridge, then one for each namespace."""

GATEWAY = "10.0.0.1"
LENGTH = 16


def address(number: int) -> str:
    """The address of namespace ``n<number>``, without the prefix length."""
    return f"10.0.{(number + 2) >> 8}.{(number + 2) & 255}"
