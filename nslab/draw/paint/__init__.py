"""How a picture looks.

::

    svg     a placed scene as SVG
    style   the rules in its ``<style>``
"""
