"""What a JupyterHub needs for a class that does nslab's lessons on one server.

::

    preloaded.py   a process that has read JupyterLab's modules, and forks learners' servers
    spawner.py     asks it for them
    limits.py      memory, processes and share of the processor of one learner
    settings.py    all of it for jupyterhub_config.py
    server.py      a learner's server as a command, for spawners of others
    apparmor.py    what Ubuntu's AppArmor is told about labs
    slips.py       accounts for a workshop
    lessons.py     the lessons in a learner's home
    learner/       a learner's side of the class, in the learner's own server
    teaching/      the teacher's page: a service of the hub
    classroom.py   a class on this machine, to try it and to measure
"""
