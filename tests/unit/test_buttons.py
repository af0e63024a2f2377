"""Every widget makes its buttons in the same manner."""

from __future__ import annotations

from pathlib import Path

from nslab.jupyter import widgets
from nslab.jupyter.widgets.buttons import button


def test_a_press_calls_and_the_words_decide_how_wide_it_is() -> None:
    pressed: list[str] = []
    made = button("Do it", lambda: pressed.append("once"), "does it", icon="check")
    made.click()
    assert pressed == ["once"]
    assert (made.description, made.tooltip, made.icon) == ("Do it", "does it", "check")
    assert made.layout.width == "auto"


def test_no_widget_makes_a_button_otherwise() -> None:
    folder = Path(widgets.__file__).parent
    having = [path.name for path in folder.glob("*.py") if "w.Button(" in path.read_text("utf-8")]
    assert having == ["buttons.py"]
