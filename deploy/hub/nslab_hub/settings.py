"""Settings of a hub for a class, for ``jupyterhub_config.py``.

>>> from types import SimpleNamespace
>>> from traitlets.config import Config
>>> c = Config()
>>> configure(c, memory="1G")
>>> c.Spawner.default_url
'/lab/tree/00-start-here.ipynb'
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nslab

FOLDER = "nslab-notebooks"
"""Where the lessons are, in each learner's home."""

CULL_EVERY = 60
"""Seconds between two looks for servers that nobody uses."""


def options() -> list[str]:
    """What a learner's server is started with: no requests to other machines, nothing idle.

    ``jupyter_lsp`` looks for language servers, which a class does not have, and takes 3 MB.
    """
    own = Path(nslab.__file__).parent / "cli" / "jupyterlab"
    return [
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        f"--LabApp.app_settings_dir={own}",
        "--LabApp.extension_manager=readonly",
        "--LabApp.expose_app_in_browser=True",
        "--ServerApp.jpserver_extensions=jupyter_lsp=False",
        "--ServerApp.jpserver_extensions=notebook_shim=False",
        # A kernel that nobody looks at ends, and its labs with it.
        "--MappingKernelManager.cull_interval=60",
    ]


def configure(
    c: Any,
    *,
    memory: str = "1G",
    processors: float = 1.0,
    idle: int = 3600,
    longest: int = 12 * 3600,
    learners: int = 0,
) -> None:
    """Set up JupyterHub for learners that are users of this system.

    :param c: the configuration that JupyterHub hands to its configuration file
    :param memory: how much a learner may take, with all kernels and labs, as ``"1G"``
    :param processors: how many processors' time a learner may take
    :param idle: seconds after which a server that nobody uses is ended, and its labs with it
    :param longest: seconds after which a server is ended in any case
    :param learners: so many servers at most run at once, 0 for any number: the next one is refused
        in words
    """
    python = sys.executable
    c.JupyterHub.spawner_class = "nslab_hub.spawner.PreloadedSpawner"
    c.Spawner.cmd = ["jupyterhub-singleuser"]
    c.Spawner.args = options()
    c.Spawner.mem_limit = memory
    c.Spawner.cpu_limit = processors
    c.Spawner.notebook_dir = f"~/{FOLDER}"
    c.Spawner.default_url = "/lab/tree/00-start-here.ipynb"
    c.Spawner.http_timeout = 120
    c.Spawner.start_timeout = 120
    # The hub may be started anew, for an update, while labs run.
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.active_server_limit = learners
    # A class comes all at once, at nine o'clock.
    c.JupyterHub.concurrent_spawn_limit = max(learners, 100)
    c.JupyterHub.services = [
        {
            "name": "idle-culler",
            "command": [
                *(python, "-m", "jupyterhub_idle_culler"),
                *(f"--timeout={idle}", f"--cull-every={CULL_EVERY}", f"--max-age={longest}"),
            ],
        }
    ]
    c.JupyterHub.load_roles = [
        {
            "name": "idle-culler",
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
            "services": ["idle-culler"],
        }
    ]
