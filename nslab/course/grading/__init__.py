"""Marking what learners hand in: each answer is done again in a box, and the kernel is asked.

::

    submission    which exercises a file answers, and how
    owners        whose a file is, by its name and folder
    grade         a class: what there is to judge, some at once, noted as it is done
    box           where an answer runs: no files, no network, limits
    machine       what of the virtual machine a box is given
    inside        what happens there: cells are run, what they did is done again and judged
    watch         a box from outside: its answer, and whether it takes too much
    values        what is said into a box and out of it
    marks         the table
"""
