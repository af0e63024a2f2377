"""All that knows IPython and ipywidgets.

::

    magics     ``%%host`` and ``%%ns``
    widgets/   live picture, builder, player, inspector
"""
