"""The views that a lab can be asked for by name, registered with :mod:`nslab.session.views`.

ipywidgets takes an eighth of a second to load, so each widget comes when it is asked for.
"""

from __future__ import annotations

from typing import Any

from nslab.jupyter import magics
from nslab.session import views


def _widget(name: str) -> Any:
    from nslab.jupyter import widgets

    return getattr(widgets, name)


def _bar() -> Any:
    from nslab.jupyter.progress import Bar

    return Bar()


views.register("notebook", magics.notebook)
views.register("live", lambda lab: _widget("Live")(lab))
views.register("builder", lambda lab: _widget("Builder")(lab))
views.register("inspector", lambda capture: _widget("Inspector")(capture))
views.register("card", lambda *what: _widget("Card")(*what))
views.register("player", lambda lesson, lab: _widget("Player")(lesson, lab))
views.register("terminal", lambda lab, ns, another: _widget("open_terminal")(lab, ns, another))
views.register("bar", _bar)
