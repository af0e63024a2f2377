"""Where a lab lives: the protocol, a fake in memory, the agent on this machine."""
