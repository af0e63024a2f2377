"""What a JupyterHub needs for a class that does nslab's lessons on one server.

::

    preloaded.py   a process that has read JupyterLab's modules, and forks learners' servers
    spawner.py     asks it for them
    limits.py      memory, processes and share of the processor of one learner
    settings.py    all of it for jupyterhub_config.py
"""
