"""Widgets: what follows the lab and what is done by hand, over the lab's own methods only.

::

    words        the texts, through gettext
    phrases      sentences that were made elsewhere, known again by their form
    error_words  those of errors
    field_words  what a field of a header is, and where that is laid down
    frame_words  those of frames and journeys
    verdict_words  what the kernel says of an exercise
    picture_words  those of a picture, on its way into a widget
    change_words  what it says of a change, of a rule and of VLANs
    why_words    those of the answer of why
    following    a thread that tells of every change of a lab; knows no widget
    node_facts   all about a namespace or a link, as lines; a pure function
    choices      a list that is filled anew while somebody chooses in it
    live         the picture that follows the kernel
    terminal     what opens Jupyter's own terminals in the lab (terminal.js)
    forms        what may be built, as values
    page         what the widgets do in the page itself (*.js, begun by begin.js), and how it looks
    work         jobs that leave a button's callback
    foresee      what an action would fail of, by a snapshot; pure functions
    gestures     what a drag or a click in the picture means (hand.js); pure functions
    asking       a ping, why and a capture from a node of the picture (form.js)
    line_words   command lines, in which what is not plain says what it means (gloss.js)
    buttons      a button, which is pressed with what is shown (order.js)
    bar          what moves while a job takes more than a second
    builder      forms, log and picture (signs.js)
    player       a lesson's steps, one by one (steps.js)
    rejudging    a thread that judges an exercise whenever its lab has changed; knows no widget
    below        what it says below the cell that answered it
    task         an exercise, as far as the widgets see it
    card_words   what a card says, as HTML and as text; pure functions
    card         an exercise: its goal, what is met of it, and help
    sheet        frames as a list, and one opened, in the page (frames.js)
    inspector    the frames of a capture, one opened, and the way of its packet

Only this package knows ipywidgets.  A widget never prints: its thread's text would land in
whichever cell is newest.
"""

from nslab.jupyter.widgets.builder import Builder
from nslab.jupyter.widgets.card import Card
from nslab.jupyter.widgets.inspector import Inspector
from nslab.jupyter.widgets.live import Live
from nslab.jupyter.widgets.player import Player
from nslab.jupyter.widgets.terminal import open_terminal

__all__ = ["Builder", "Card", "Inspector", "Live", "Player", "open_terminal"]
