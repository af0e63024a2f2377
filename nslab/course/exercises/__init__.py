"""Exercises: a goal, a lab to reach it in by any way, and the kernel as the judge.

::

    exercise    an exercise as a value, and what a learner calls
    values      what it is made of: choices, what must not be, wrong answers
    judging     whether its goal is met, and what must not be is not
    predicting  whether a guess comes true, where only that was done
    standing    what of it is met at this moment, for who looks again and again
    proof       that an exercise judges rightly, on the kernel
    attempt     how far a learner is with one
    reply       a hint or a solution, as it shows itself
    docker_picture   those of lesson 01
    bridge           those of lesson 02
    namespace        those of lesson 03
    cables           those of lesson 04
    way_out          those of lesson 05
    names            those of lesson 06
    docker_does      those of lesson 07
    second_nic       those of lesson 08
    promiscuous      those of lesson 09
    on_the_wire      those of lesson 10
    macvlan          those of lesson 12
    ipvlan           those of lesson 13
    vlan             those of lesson 14
    costs            those of lesson 15
    capstone         those of lesson 16
"""
