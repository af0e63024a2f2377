"""Packet filter rules and address translation as values, whichever tool made them.

::

    values       Ruleset, Table, Chain, Rule: what a rule asks, and what it does
    words        the tools' words for numbers (protocols, ICMP types, priorities)
    nft          what `nft -j list ruleset` prints, as values
    nft_terms    the expressions in it, as the fields and values of a match
    iptables     what iptables-save and its kin (ip6tables, legacy, ebtables) print, as values
    options      the options in it
    translation  the translations among the rules, for a picture

What is not understood is kept as the tool prints it and marked unknown: nothing is guessed.  Text
goes in and values come out; the agent asks the tools.
"""

from nslab.network.rules.translation import Translation, translations
from nslab.network.rules.values import UNKNOWN, Case, Chain, Match, Rule, Ruleset, Statement, Table

__all__ = [
    "UNKNOWN",
    "Case",
    "Chain",
    "Match",
    "Rule",
    "Ruleset",
    "Statement",
    "Table",
    "Translation",
    "translations",
]
