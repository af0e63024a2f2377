"""All that knows IPython and ipywidgets.

::

    magics       ``%%host`` and ``%%ns``
    answers      what the kernel says of an exercise, below the cell that answered it
    cells        what a learner typed, read as it was meant
    lines        the simple commands of a few lines of shell
    interactive  programs that want a terminal, noticed before a cell runs
    completing   what is offered while a cell is typed
    grammar      what may come next in a line of shell
    usage        how a command is used: ip link?
    mistakes     slips in a cell's own Python, answered in words
    widgets/     live picture, builder, player, inspector
    kernel       the kernel that the lessons name
    headless     cells run without a notebook
    progress     a line in a notebook that says how far something is
    views        the views that a lab can be asked for by name, registered with nslab.session.views
"""
