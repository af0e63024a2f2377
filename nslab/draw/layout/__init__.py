"""Where everything goes.

::

    plan            what is put together with what
    order           which namespace stands left of which: Graphviz's part
    boxes           the parts, and how big each is
    namespace_box   where things are within a namespace
    floors          bridges in a row, or in several below each other
    dense           namespaces that are alike, in one line each
    align           where the boxes are: the world, the host, levels below it
    place           all of that as values, with the ways of the cables
    cables          the ways of the cables
    lanes           the order of those that run side by side
    colours         the hue of each network, and the tint of each namespace
    key             what each hue is, where there are many
    tags            what says that a cable is new or gone
    free_links      links that belong to no bridge and lead to no other row
    memory          what is remembered of the pictures before
    rows            things in a row
"""
