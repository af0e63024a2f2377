"""What a verdict about a lost packet is found from."""

from __future__ import annotations

from nslab.explain.diagnose import remedy
from nslab.explain.diagnose.former import NONE, Former
from nslab.explain.diagnose.question import Question
from nslab.explain.diagnose.sighted import Lost, Way
from nslab.network.evidence import Evidence
from nslab.network.model import Namespace
from nslab.sentence import Sentence, lines


class Case:
    """What a verdict is found from.

    :param former: what links had before
    """

    def __init__(
        self, question: Question, evidence: Evidence, way: Way, lost: Lost, former: Former = NONE
    ) -> None:
        self.former = former
        self.question, self.evidence, self.way, self.lost = question, evidence, way, lost
        self.outcome = evidence.outcome

    def at(self, label: str) -> Namespace:
        return self.way.namespace(label) or self.way.origin

    def hint(self, label: str, *commands: str) -> Sentence:
        """Command lines to be typed for a namespace."""
        here = self.at(label)
        return lines(*(remedy.typed(here, command) for command in commands))

    def counted(self, name: str) -> bool:
        """Whether a counter went up for each packet, where it was lost."""
        return any(
            one.name == name and one.ns == self.lost.ns and one.more >= self.evidence.sent
            for one in self.evidence.counted
        )

    @property
    def at_a_port(self) -> bool:
        """Whether it was last seen as it came in at a bridge's port."""
        link = self.way.link(self.lost.ns, self.lost.link)
        last = self.way.seen[-1] if self.way.seen else None
        return link is not None and bool(link.master) and last is not None and last.way == "in"
