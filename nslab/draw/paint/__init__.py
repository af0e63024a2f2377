"""How a picture looks.

::

    svg        a placed scene as SVG
    cell       a picture in a notebook's cell: how small it may become
    links      a link: a card, a bridge, a port, a line
    crossings  where a cable passes over another: a gap
    notes      what belongs to a namespace: gates, translations, routes
    shapes     rectangles, lines, texts, plugs
    icons      small drawings of kinds of things
    style      the rules in its ``<style>``
    tables     small pictures of tables: whom a bridge has learned, the states of a port
    written    where something is written
"""
