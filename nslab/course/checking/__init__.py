"""Whether a course is true: its notebooks are run again and compared, its exercises are proved.

``nslab check-notebooks`` and ``pytest --nslab`` are two ways to ask the same.

::

    pages       what a notebook must be like before it is run: links, steps, answer cells
    plugin      pytest's: cells (by nbval), pages and exercises as tests
    report      what was found, on one screen: where it is, and how to mend it
    kernels     kernels that are reached by files, which take no ports
    executing   running notebooks and saving what came out; which outputs changed
"""
