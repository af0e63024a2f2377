"""What is taught, and what it is taught with.

::

    step         a step of a lesson
    lessons/     the lessons as data
    measure/     what a way costs
    docker/      a real engine inside a lab
    nlmessages/  the bytes that programs send to the kernel
"""
