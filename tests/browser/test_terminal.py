"""Terminals in the lab, opened from a notebook; what is completed and told in its cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

LAB = """\
import nslab
lab = nslab.Lab("terminals", start=[nslab.AddNamespace("ns1"), nslab.AddBridge("lxcbr0")])"""

Book = Callable[..., Any]

SHOWN = """place => {
    const terminals = [...window.jupyterapp?.shell.widgets('main') ?? []]
        .filter(one => one.content?.session?.name);
    const term = terminals.find(one => one.isVisible)?.content._term;
    if (!term) return '';
    const lines = [];
    for (let n = 0; n < term.buffer.active.length; n++)
        lines.push(term.buffer.active.getLine(n).translateToString(true));
    return lines.join('\\n');
}"""
"""What the terminal in sight shows: xterm draws on a canvas."""


def shows(page: Page, text: str) -> None:
    page.wait_for_function(f"text => ({SHOWN})().includes(text)", arg=text)


def tab(page: Page, title: str) -> Locator:
    """The tab of a panel, which has the title that the terminal gave it."""
    return page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=title)


def test_a_terminal_opens_beside_the_notebook_and_ends_with_the_lab(book: Book) -> None:
    opened = book(LAB, "lab.terminal('ns1')")
    page = opened.page
    shows(page, "[ns1]# ")
    expect(page.locator(".jp-Notebook")).to_be_visible()
    notebook, terminal = (
        page.locator(name).bounding_box() for name in (".jp-Notebook", ".jp-Terminal")
    )
    assert notebook is not None
    assert terminal is not None
    assert terminal["x"] >= notebook["x"] + notebook["width"], "it is to the right"
    page.keyboard.type("brctl addbr br7 && ls /sys/class/net | xargs\n")
    shows(page, "br7 lo")
    page.keyboard.type("vim -u NONE /etc/hosts\n")
    shows(page, "pseudo-host\n~")
    page.keyboard.type(":q!\n")
    # The same place is shown again, and another terminal there is another one.
    page.get_by_role("button", name="Terminal in ns1").click()
    expect(page.locator(".jp-Terminal")).to_have_count(1)
    page.get_by_role("button", name="Another one").click()
    expect(page.locator(".jp-Terminal")).to_have_count(2)
    shows(page, "[ns1]# ")
    page.evaluate(
        "async () => await [...window.jupyterapp.shell.widgets('main')].find(one => one.context)"
        ".context.sessionContext.session.kernel.requestExecute({ code: 'lab.close()' }).done"
    )
    expect(page.locator(".jp-Terminal")).to_have_count(0)


def test_a_terminal_stays_with_what_it_has_shown_where_undo_makes_its_lab_anew(book: Book) -> None:
    page = book(LAB, "lab.do(nslab.AddBridge('br1'))", "lab.terminal('ns1')").page
    shows(page, "[ns1]# ")
    page.keyboard.type("echo before-$((40 + 2))\n")
    shows(page, "before-42")
    page.evaluate(
        "async () => await [...window.jupyterapp.shell.widgets('main')].find(one => one.context)"
        ".context.sessionContext.session.kernel.requestExecute({ code: 'lab.undo()' }).done"
    )
    shows(page, "the lab was made anew, and this shell is a new one")
    page.get_by_role("button", name="Terminal in ns1").click()
    expect(page.locator(".jp-Terminal")).to_have_count(1)
    page.keyboard.type("echo after-$((40 + 3))\n")
    shows(page, "after-43")
    shows(page, "before-42")


def test_a_page_that_is_loaded_again_opens_none(book: Book) -> None:
    page = book(LAB, "lab.terminal()").page
    shows(page, "[host]# ")
    path = page.evaluate(
        "async () => { const { context } = [...window.jupyterapp.shell.widgets('main')]"
        ".find(one => one.context); await context.save(); return context.path; }"
    )
    # Without the panels that there were.
    page.goto(f"{page.url.partition('/lab')[0]}/lab/tree/{path}?reset")
    button = page.get_by_role("button", name="Terminal in host")
    expect(button).to_be_visible()
    expect(page.locator(".jp-Terminal")).to_have_count(0)
    button.click()
    shows(page, "[host]# ")


def test_jupyterlab_without_its_app_shows_it_in_a_tab(book: Book) -> None:
    """As one that nslab did not start: by what a click in an output may ask of it."""
    opened = book(LAB, "lab.terminal('ns1')", run=False)
    opened.page.evaluate(
        "() => { const app = window.jupyterapp; delete window.jupyterapp; window.kept = app; }"
    )
    opened.page.evaluate(
        "async () => { const { shell, commands } = window.kept;"
        " while (!shell.currentWidget?.context)"
        " await new Promise(done => setTimeout(done, 50));"
        " await shell.currentWidget.context.ready;"
        " await shell.currentWidget.context.sessionContext.ready;"
        " await commands.execute('notebook:run-all-cells'); }"
    )
    expect(tab(opened.page, "ns1")).to_be_visible()
    opened.page.evaluate("() => { window.jupyterapp = window.kept; }")
    shows(opened.page, "[ns1]# ")


def test_terminal_by_mouse_and_by_keyboard_while_a_cell_runs(book: Book) -> None:
    page = book(LAB, "lab.live()", "0", run=True).page
    page.evaluate(
        "() => { [...window.jupyterapp.shell.widgets('main')].find(one => one.context)"
        ".context.sessionContext.session.kernel"
        ".requestExecute({ code: \"lab.sh('sleep 1000', timeout=None)\" }); }"
    )
    enter = page.locator(".nslab-entrance button")
    expect(enter).to_have_text("Terminal in host")
    page.locator(".nslab-drawn [data-ns='ns1']").first.click()
    expect(enter).to_have_text("Terminal in ns1")  # though the kernel does not know it yet
    enter.click()
    shows(page, "[ns1]# ")
    page.locator(".nslab-drawn [data-link='host/lxcbr0']").first.focus()
    page.keyboard.press("t")
    shows(page, "[host]# ")
    expect(tab(page, "ns1")).to_be_visible()
    page.keyboard.type("pkill -x sleep; hostname\n")
    shows(page, "\npseudo-host")


def test_notebook_7_opens_a_tab_of_the_browser(book7: Book) -> None:
    page = book7(LAB, "lab.live()").page
    page.locator(".nslab-drawn [data-ns='ns1']").first.click()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Terminal in ns1").click()
    terminal = opened.value
    assert "/terminals/ns1_" in terminal.url
    shows(terminal, "[ns1]# ")
    terminal.close()


def editor(page: Page, text: str) -> Locator:
    """The last cell's editor, with this in it and the cursor at its end."""
    found = page.locator(".jp-CodeCell .cm-content").last
    found.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    return found


def test_a_cell_completes_names_of_the_lab_and_tells_how_a_command_is_used(book: Book) -> None:
    page = book(LAB, "0", kernel="nslab").page
    items = page.locator(".jp-Completer:visible .jp-Completer-item")
    typed = editor(page, "%%host\nip link set ")
    page.keyboard.press("Tab")
    # JupyterLab puts words of the cell itself behind what the kernel says.
    for place, (name, kind) in enumerate(
        [("lo", "link"), ("eth0", "link"), ("lxcbr0", "link"), ("dev", "keyword")]
    ):
        expect(items.nth(place)).to_contain_text(name)
        expect(items.nth(place)).to_contain_text(kind)
    page.keyboard.press("Escape")
    page.keyboard.type("lx")
    page.keyboard.press("Tab")
    expect(items).to_have_count(1)
    page.keyboard.press("Enter")
    expect(typed).to_contain_text("ip link set lxcbr0")
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".jp-Tooltip")).to_contain_text("ip link set LINK up | down")
