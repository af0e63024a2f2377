"""Where everything goes.

::

    plan            what is put together with what
    boxes           the parts, and how big each is
    namespace_box   where things are within a namespace
    dot             Graphviz's language, and its answer
    place           ranks and orders from Graphviz, aligned and remembered
    cables          the ways of the cables
    legend          what the signs mean
    tags            what is new, changed or gone, on the edge of what it is about
    align           Graphviz proposes, memory disposes
    free_links      links that belong to no bridge and lead to no other row
    memory          what is remembered of the pictures before
    rows            things in a row
"""
