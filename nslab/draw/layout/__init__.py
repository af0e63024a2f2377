"""Where everything goes.

::

    plan            what is put together with what
    boxes           the parts, and how big each is
    namespace_box   where things are within a namespace; rows, free_links: its parts
    dot             Graphviz's language, and its answer
    place           ranks and orders from Graphviz, aligned (align) and remembered (memory)
    cables          the ways of the cables
    legend, tags    what the signs mean; what is new, changed or gone
"""
