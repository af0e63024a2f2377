"""From an ordinary process to PID 1 of a pseudo-host, and the programs it runs.

::

    isolate    namespaces, mounts, and who watches whom
    layers     /etc, which a lab changes for itself alone
    walls      what root in a lab of root's cannot write or uncover
    init       starts programs and reaps what ends
    serve      requests in, replies out
    runners    threads that wait for the next command
    shell      the learner's commands: each by itself, or typed into a shell that lives
    living     such a shell
    stand_ins  what learners type and a lab cannot have as it is: sudo, tcpdump, systemctl
    visit      a process that joins a running lab
    guest      the same in a virtual machine
    terminal   what visitors of a virtual machine are given
"""
