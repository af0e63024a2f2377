"""Where a lab lives: the protocol, a fake in memory, the agent on this machine.

::

    age               how old a lab's session is, whatever agents it has had
    agent/            what runs inside the lab
    bell              a lab that rests, and who wakes it
    choose            which engine a lab gets
    default_network   what is outside the pseudo-host
    explain/          a refused action → the error that the learner reads
    fake/             a lab in memory
    guard             root looks into another user's lab
    labs              labs from outside
    local             the engine on this machine
    messages          what the notebook and the agent say to each other
    protocol          what a lab asks of the place it lives in
    refusal/          why a machine allows no lab
    remote            the notebook's half of a lab
    runtime           which labs of a user run
    sending           sending on a stream without ever waiting for it
    ssh               the engine on another machine that is reached by ssh
    stopping          stop (Ctrl-C, the notebook's ■) at points of our choosing, and at no other
    telling           who hears what an engine does first that takes long
    uapi              the kernel's constants, by the headers of its uapi
    vm/               a lab in a virtual machine of its own
"""
