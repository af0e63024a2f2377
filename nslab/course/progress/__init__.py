"""What a learner has done so far: kept in one small file that is theirs, shown as a map.

::

    record      how far somebody is with one exercise
    store       the file: where it is, read and written so that nothing is lost
    overview    the map of the course: what is done, what is next
"""
