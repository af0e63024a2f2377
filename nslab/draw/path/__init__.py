"""The way of a packet, drawn on a picture.

::

    way         from link to link, along cables, across bridges
    graph       what lies between two links when not every one is known
    places      where links are in a picture
    trail       the numbered stops, and the line between them
    room        where numbers may stand, and what of the line is drawn
    arrows      which way the packet goes on that line
    free        where a tag has room, row by row
    callouts    what was rewritten at a stop, and how it ended
    animation   a packet that moves
    picture     all of it on a picture
    explained   what lab.why found, on a picture
"""
