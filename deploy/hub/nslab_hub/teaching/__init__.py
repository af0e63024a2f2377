"""The teacher's view: a service of the hub with one page.

::

    values      what learners' servers and the page send, and what of it is believed
    room        the class as it is known now; waits for news
    hand_ins    what learners have handed in, and the marks that nslab grade gives
    service     the page and its addresses, behind the hub's login
    page.*      the page: HTML, style, script; nothing comes from elsewhere
    words.js    its words, in German by de.json where the browser asks for that
"""
