"""What is to be drawn, in words: nobody thinks about places yet.

::

    compose    from a snapshot, or from what changed, to a scene
    scene      the values: who is in the picture, and how they are joined
    captions   what is written about a link and about a namespace
    wires      what joins links that are no pair: tunnels, filters that pass on, a hub
    outermost  what of all that came or went together says so
    networks   which links are in one network
    ranks      which namespace stands above which
    sampling   which namespaces are drawn when there are too many
    metrics    how wide a text will be
    text       a scene as plain text
    dot        a scene in Graphviz's language
"""
