"""Kernels for tests."""

from __future__ import annotations

from typing import Any

from jupyter_client.manager import KernelManager

from nslab.course.checking.kernels import FileKernelManager


def start_new_kernel(
    startup_timeout: float, kernel_name: str = "python3"
) -> tuple[KernelManager, Any]:
    """A kernel and its client, as jupyter_client's own function gives them, but by files."""
    manager = FileKernelManager(kernel_name=kernel_name)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=startup_timeout)
    except RuntimeError:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        raise
    return manager, client
