"""What the pages of the documentation are made of that is not written by hand.

::

    networks       labs in memory, as the figures show them
    figures        the committed figures; script/figures writes them
    film           the ten seconds of the landing page
    glossary       the terms, each with its picture
    troubles       every refusal with its remedy, in the doctor's own words
    rooms          the architecture, drawn from the imports
    reference      which public name is on which page
    pages          puts it all together: the folder that Sphinx reads
    links          looks through the finished pages: links to nothing, requests to elsewhere
"""
