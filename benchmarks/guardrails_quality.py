"""How well guardrails find what they must find, and leave alone what they must not touch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.guardrails_data.sample import Prompt, Sample, Span
from plugins.guardrails.injection.detector import Detector
from plugins.guardrails.pii.entities.catalogue import ENTITIES, select
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.plugin import Pii
from plugins.guardrails.stream.matcher import Match, Matcher

COMMON = ("financial", "contact", "ip", "crypto", "secrets", "secrets_generic")
"""Groups and entities that do not belong to one country; private addresses are off as shipped."""
SHIPPED = tuple(Pii.Config().output)
"""What is looked for in answers if nothing is set."""
COUNTRIES = {
    "en_US": "us",
    "en_GB": "uk",
    "de_DE": "de",
    "fr_FR": "fr",
    "es_ES": "es",
    "it_IT": "it",
    "pl_PL": "pl",
    "sv_SE": "se",
}
"""The group of national entities that each locale has on."""
MOST_EXAMPLES = 400

_BY_NAME = {entity.name: entity for entity in ENTITIES}
_OWN_ROW = ("financial", "contact", "us")
"""Groups whose entities have rows of their own; of other groups all are in one."""


@dataclass(kw_only=True)
class Tally:
    """What was to be found of one kind, what was found of it, and what was found wrongly."""

    truth: int = 0
    found: int = 0
    false: int = 0

    @property
    def precision(self) -> float:
        """Return the part of the finds that are right."""
        return self.found / (self.found + self.false) if self.found + self.false else 1.0

    @property
    def recall(self) -> float:
        """Return the part of what was to be found that was found."""
        return self.found / self.truth if self.truth else 1.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, kw_only=True)
class Example:
    """One mistake, for those who mend the rules; the texts are made up."""

    problem: str
    """`missed` or `false`."""
    kind: str
    form: str
    text: str


@dataclass(kw_only=True)
class Score:
    """What was found in some texts, by row of the table."""

    rows: dict[str, Tally] = field(default_factory=dict)
    samples: int = 0
    hit: int = 0
    """Texts in which something was found that is not there."""
    examples: list[Example] = field(default_factory=list)

    @property
    def overall(self) -> Tally:
        """Return the sum of all rows."""
        rows = self.rows.values()
        return Tally(
            truth=sum(row.truth for row in rows),
            found=sum(row.found for row in rows),
            false=sum(row.false for row in rows),
        )

    def row(self, kind: str) -> Tally:
        """Return the row of a kind, which is made if there is none."""
        return self.rows.setdefault(kind, Tally())

    def note(self, problem: str, kind: str, form: str, text: str) -> None:
        """Keep a mistake as an example."""
        if len(self.examples) < MOST_EXAMPLES:
            example = Example(problem=problem, kind=kind, form=form, text=text)
            self.examples.append(example)


def matcher(names: Iterable[str]) -> Matcher:
    """Return the rules of these entities and groups, compiled."""
    return Matcher([rule for entity in select(names) for rule in entity.rules])


def by_locale(samples: Sequence[Sample]) -> Score:
    """Score personal data with what each locale has on: the common groups and its own."""
    score = Score()
    for locale, group in COUNTRIES.items():
        rules = matcher([*COMMON, group])
        for sample in samples:
            if sample.locale == locale:
                add(score, rules, sample)
    return score


def with_all(samples: Sequence[Sample]) -> Score:
    """Score personal data with every entity on, those of all countries too."""
    return scored(matcher([entity.name for entity in ENTITIES]), samples)


def scored(rules: Matcher, samples: Iterable[Sample]) -> Score:
    """Score what these rules find in the texts."""
    score = Score()
    for sample in samples:
        add(score, rules, sample)
    return score


def add(score: Score, rules: Matcher, sample: Sample) -> None:
    """Look for everything in one text, and add the outcome."""
    finds = rules.find(sample.text)
    score.samples += 1
    for span in sample.spans:
        tally = score.row(span.value.kind)
        tally.truth += 1
        right = next((find for find in finds if _is_right(find, span)), None)
        if right:
            finds.remove(right)
            tally.found += 1
        else:
            form = span.value.form
            score.note("missed", span.value.kind, form, sample.text)
    score.hit += bool(finds)
    for find in finds:
        row = row_of(_BY_NAME[find.rule.name])
        score.row(row).false += 1
        score.note("false", row, sample.text[find.start : find.end], sample.text)


def row_of(entity: Entity) -> str:
    """Return the row of the table in which an entity counts."""
    return entity.name if entity.group in _OWN_ROW else entity.group


def _is_right(find: Match, span: Span) -> bool:
    row = row_of(_BY_NAME[find.rule.name])
    kind = span.value.kind
    if row == "secrets_generic" and kind.startswith("secrets"):
        # It takes the name of the secret too, wherever that stands.
        return find.start <= span.least[0] and span.least[1] <= find.end <= span.end + 1
    is_kind = row == kind or (row, kind) == ("secrets", "secrets_generic")
    return is_kind and span.is_found(find.start, find.end)


@dataclass(kw_only=True)
class Judged:
    """How many of some prompts were taken for injections."""

    prompts: int = 0
    hit: int = 0
    held_out: int = 0
    """Those of sentences with odd numbers: the rules were written without looking at them."""
    held_out_hit: int = 0

    @property
    def rate(self) -> float:
        """Return their part of all."""
        return self.hit / self.prompts if self.prompts else 0.0

    @property
    def held_out_rate(self) -> float:
        """Return their part of those that the rules were written without."""
        return self.held_out_hit / self.held_out if self.held_out else 0.0


@dataclass(kw_only=True)
class Judgement:
    """What a detector says of prompts, by family."""

    families: dict[str, Judged] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)

    @property
    def overall(self) -> Judged:
        """Return the sum of all families."""
        total = Judged()
        for each in self.families.values():
            total.prompts += each.prompts
            total.hit += each.hit
            total.held_out += each.held_out
            total.held_out_hit += each.held_out_hit
        return total


async def judged(detector: Detector, prompts: Sequence[Prompt], *, is_attack: bool) -> Judgement:
    """Have all prompts judged by the detector's own thresholds."""
    judgement = Judgement()
    for prompt in prompts:
        verdict = await detector.judge(prompt.text, prompt.role)
        is_hit = verdict.score >= detector.limit(prompt.role)
        family = judgement.families.setdefault(prompt.family, Judged())
        family.prompts += 1
        family.hit += is_hit
        family.held_out += prompt.core % 2
        family.held_out_hit += is_hit and prompt.core % 2
        if is_hit != is_attack and len(judgement.examples) < MOST_EXAMPLES:
            problem = "missed" if is_attack else "false"
            judgement.examples.append(
                Example(
                    problem=problem,
                    kind=prompt.family,
                    form=f"{prompt.core}, {verdict.score:.2f}",
                    text=prompt.text,
                )
            )
    return judgement


def hits_by_kind(rules: Matcher, negatives: Iterable[tuple[str, Sample]]) -> dict[str, int]:
    """Return in how many of the texts of each kind something is found, though nothing is there."""
    hits: Counter[str] = Counter()
    for kind, sample in negatives:
        hits[kind] += bool(rules.find(sample.text))
    return {kind: count for kind, count in hits.most_common() if count}
