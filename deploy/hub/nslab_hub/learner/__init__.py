"""A learner's side of the class: an extension of the learner's own server.

::

    place       what goes to the class, and what comes from it
    handlers    what JupyterLab asks of it: news, the switch, handing in
    looking     a look into a lab, in a process of its own

It runs as the learner, in the learner's server, and is all that reads the learner's files.  The
teacher's service gets how far each exercise is and which lesson is open; labs only while their
owner shares them; notebooks only when their owner hands them in.
"""

from __future__ import annotations

import os
from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nslab_hub.learner"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by Jupyter Server when a learner's server starts."""
    from nslab_hub.learner.handlers import routes
    from nslab_hub.learner.place import Place

    url = os.environ.get("NSLAB_CLASS_URL")
    if not url:  # a hub without a teacher's view
        return
    place = Place(url, os.environ["JUPYTERHUB_API_TOKEN"], server.root_dir)
    server.web_app.settings["nslab_class"] = place
    server.web_app.add_handlers(".*", routes(server.web_app.settings["base_url"]))
    server.io_loop.add_callback(place.run)
