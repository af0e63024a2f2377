"""All that knows IPython and ipywidgets.

::

    magics     ``%%host`` and ``%%ns``
    cells      what a learner typed, read as it was meant
    mistakes   slips in a cell's own Python, answered in words
    widgets/   live picture, builder, player, inspector
    kernel     the kernel that the lessons name
    progress   a line in a notebook that says how far something is
    views      the views that a lab can be asked for by name, registered with nslab.session.views
"""
