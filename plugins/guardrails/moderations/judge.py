"""Judges texts by the detectors of the other guards: entities, and signs of injection."""

from collections.abc import Iterable

from plugins.guardrails.injection.detector import Detector
from plugins.guardrails.injection.phrases import FAMILIES
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.stream.filter import scan
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule
from plugins.guardrails.turns import Turns

ROLE = "user"
"""As whose words texts are judged: nobody says whose they are."""


class Judge:
    """Scores texts in the categories `secrets`, `pii/…` and `injection/…`. Can be shared.

    What an entity's rules and checksums find scores 1; signs of injection score as they weigh.
    """

    def __init__(self, entities: Iterable[Entity], *, threshold: float | None = None) -> None:
        entities = tuple(entities)
        self._detector = Detector() if threshold is None else Detector(threshold=threshold)
        self._categories = {entity.name: category_of(entity) for entity in entities}
        self._matcher = Matcher([rule for entity in entities for rule in entity.rules])
        self.categories = tuple(
            dict.fromkeys(
                [*self._categories.values(), *(f"injection/{family}" for family in FAMILIES)]
            )
        )
        """All that are judged, in the order of an answer."""

    async def judge(self, texts: Iterable[str]) -> tuple[dict[str, float], frozenset[str]]:
        """Return the score of each category over some texts, and the categories to be flagged.

        Other requests get a turn meanwhile.
        """
        scores = dict.fromkeys(self.categories, 0.0)
        flagged: set[str] = set()

        def note(rule: Rule, match: str) -> None:
            category = self._categories[rule.name]
            scores[category] = 1.0
            flagged.add(category)

        turns = Turns()
        for text in texts:
            if self._categories:
                await scan(self._matcher, text, note, turns)
            verdict = await self._detector.judge(text, ROLE)
            for finding in verdict.findings:
                category = f"injection/{finding.family}"
                scores[category] = max(scores.get(category, 0.0), finding.score)
                if finding.score >= self._detector.limit(ROLE):
                    flagged.add(category)
        return scores, frozenset(flagged)


def category_of(entity: Entity) -> str:
    """Return the category of an entity: all secrets are one, whatever they open."""
    return "secrets" if entity.group.startswith("secrets") else f"pii/{entity.name}"
