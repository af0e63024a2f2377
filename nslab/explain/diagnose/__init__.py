"""Why a namespace can, or cannot, reach an address: a trace in words, with cause and remedy.

::

    explanation   Explanation, Finding, Obstacle: what is said, as text and as HTML
    steps         the hops of a trace as sentences
    causes        where a trace stopped → what is wrong there or before, and what mends it:
                  astray, on_links, on_addresses, on_routes; search is what they share
    gateways      who could be asked, and by which address
    remedy        actions as lines for a terminal
    asking        the whole: from a question to its explanation
"""

from nslab.explain.diagnose.explanation import Explanation, Finding, Obstacle
from nslab.explain.diagnose.why import why

__all__ = ["Explanation", "Finding", "Obstacle", "why"]
