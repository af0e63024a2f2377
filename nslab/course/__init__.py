"""What is taught, and what it is taught with.

::

    lessons/      the lessons as data
    exercises/    what the learner does, judged by the kernel
    progress/     what a learner has done, kept in a file of theirs; the map of the course
    puzzles/      a broken network, and what somebody says of it
    grading/      marking what learners hand in
    checking/     whether a course is true: its notebooks run again, its exercises proved
    template/     what a new lesson is made of
    measure/      what a way costs
    docker/       a real engine inside a lab
    nlmessages/   the bytes that programs send to the kernel
    files         files that are named; files that are written whole
    pools         which network a Docker engine takes for its containers
"""
