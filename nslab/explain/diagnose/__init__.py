"""Why a namespace can, or cannot, reach an address: a trace in words, with cause and remedy.

::

    explanation      Explanation, Finding, Obstacle: what is said, as text and as HTML
    findings         the hops of a trace as sentences
    causes           where a trace stopped → what is wrong there or before, and what mends it
    former           the addresses that links had before
    gateways         who could be asked, and by which address
    remedy           actions as lines for a terminal
    question         what is asked, out of the forms it is written in
    sighted          how far the packets of a probe came
    case             what a verdict about a lost packet is found from
    convicted        obstacles that the evidence names itself
    below_ip         those below IP: programs of XDP, filters of tc
    ipv6_causes      those of IPv6, which no trace follows
    ipv6_ways        who is near by IPv6, and who knows the way
    witnessed        theory and evidence put together
    why              the whole: from a question to its explanation
    address_causes   addresses that are missing, that nobody has, or that several have
    cable_causes     cables and prefixes that are not what both ends take them for
    delivery_causes  neighbours not asked or not believed, switches of ports, queues, sizes, hops
    policy_causes    policy rules that lead astray
    context          what is asked about one stop, and the remedies that many causes share
    filter_causes    packets that a filter drops or refuses
    link_causes      links and bridges that hold a frame up
    no_return        packets that left the lab, or its right half, and will not come back
    shared_causes    macvlans and ipvlans: links that share a wire
    route_causes     routes that are missing or lead elsewhere
    translation_causes  addresses that were translated to something that leads nowhere
"""

from nslab.explain.diagnose.explanation import Explanation, Finding, Obstacle
from nslab.explain.diagnose.why import why

__all__ = ["Explanation", "Finding", "Obstacle", "why"]
