"""What weakens evidence: that it sounds like talk about an injection rather than like one."""

from plugins.guardrails.injection.evidence import BITS, Rule
from plugins.guardrails.injection.sentences import Words

ASKED = 0.5
"""How do I ignore …?"""
NEGATED = 0.3
"""Do not ignore …"""
TOLD = 0.4
"""They ignored … / You have ignored …"""
REPORTED = 0.6
"""Criminals asked it to ignore … / models that ignore …"""
OWN = 0.6
"""Ignore my previous …"""
QUOTED = 0.5
"""Attackers write "ignore …"."""
ADDRESSED = 0.7
"""Write to the team: please ignore … / Translate: ignore …"""
DISCUSSED = 0.65
"""An attacker may say to ignore …"""

_BEFORE = 10
"""Words before a verb in which a question begins."""
_CONTEXT = 40
"""Words before a quotation in which it may be introduced."""
_NEGATABLE = sum(BITS[name] for name in ("drop", "lift", "show", "echo", "send", "mail", "reach"))
_VERBS = _NEGATABLE | sum(
    BITS[name] for name in ("do", "act", "invoke", "enter", "wreck", "answer", "follow")
)
_RELATIVE = frozenset(("that", "which", "who"))
_AIMED = frozenset(
    (
        *("you", "your", "yourself", "we", "user", "owner", "operator", "admin"),
        *("administrator", "developer", "developers", "openai", "anthropic"),
    )
)
"""Who is or has to be obeyed: what they are said to ask for is an order all the same."""
_WITH = frozenset(("of", "by", "with", "using", "from", "against", "on", "that", "which"))
_TOLD_BEFORE = 9
"""Words before a verb in which others may be asked for it."""
_AUXILIARIES = frozenset(
    ("you", "have", "has", "had", "was", "were", "got", "been", "being", "just", "already")
)


def factor(
    rule: Rule, evidence: dict[int, int], words: Words, first: int, last: int, foreign: bool
) -> float:
    """Return how much of a rule's weight its context leaves."""
    verb = next((at for at in range(first, last + 1) if evidence.get(at, 0) & _VERBS), first)
    factor = 1.0
    if _has("how", evidence, words, first, _BEFORE):
        factor *= ASKED
    if rule.mask & _NEGATABLE and _has("not", evidence, words, verb, 3):
        factor *= NEGATED
    if verb and words.places[verb] - words.places[verb - 1] == 1:
        before = words.words[verb - 1]
        past = before in _AUXILIARIES and words.words[verb].endswith("ed")
        told = evidence.get(verb - 1, 0) & BITS["others"]
        told |= _has("third", evidence, words, verb, 3)
        if past or told or _has("reported", evidence, words, verb, 8):
            factor *= TOLD
        elif _is_reported(rule, evidence, words, verb):
            factor *= REPORTED
    if rule.mask & BITS["address"] and not _is_addressed(evidence, words, first, verb, last):
        factor *= DISCUSSED
    if rule.phrase.family == "override":
        spanned = range(first, last + 1)
        if any(evidence.get(at, 0) & BITS["my"] for at in spanned):
            factor *= OWN
    return factor * _talk(rule, evidence, words, (first, verb, last), foreign)


def _is_reported(rule: Rule, evidence: dict[int, int], words: Words, verb: int) -> bool:
    """Say whether a verb is what others do or are asked to do, as a third person tells it."""
    before = words.words[max(0, verb - _TOLD_BEFORE) : verb]
    if _AIMED.intersection(before):
        return False
    # A picture that sends something is what is ordered, not told.
    if before[-1] in _RELATIVE:
        return rule.phrase.family != "exfiltration"
    return before[-1] == "to" and _has("telling", evidence, words, verb, _TOLD_BEFORE)


def _is_addressed(evidence: dict[int, int], words: Words, first: int, verb: int, last: int) -> bool:
    """Say whether it is the model that shall do something, and nothing that is done with it."""
    named = [at for at in range(first, last + 1) if evidence.get(at, 0) & BITS["address"]]
    if not any(at < verb for at in named):
        return False
    if _has("not", evidence, words, verb, 3):
        return False
    before = words.words[max(0, named[0] - 2) : named[0]]
    return not before or before[-1] not in _WITH


def _talk(
    rule: Rule,
    evidence: dict[int, int],
    words: Words,
    at: tuple[int, int, int],
    foreign: bool,
) -> float:
    """Return what is left where a text talks about injections, or passes on what others say.

    `at` are the first word of a hit, its verb, and its last.
    """
    first, verb, last = at
    if (
        words.quoted[verb]
        and words.quoted[last]
        and (
            _has("about", evidence, words, first, _CONTEXT, over_stops=True)
            or (not foreign and _has("cited", evidence, words, first, 14, over_stops=True))
            or (not foreign and _has("worded", evidence, words, first, 14, over_stops=True))
            or (not foreign and _follows("worded", evidence, words, last, 14))
        )
    ):
        return QUOTED
    if _has("about", evidence, words, last, 16) or _follows("subject", evidence, words, last, 12):
        return DISCUSSED
    announced = any(first - 8 <= start <= first for start in words.announced)
    if announced and _has("about", evidence, words, first, 16, over_stops=True):
        return DISCUSSED
    if foreign:
        return 1.0
    if rule.phrase.family == "exfiltration" and _has("coding", evidence, words, last, 16):
        return ADDRESSED
    if rule.phrase.family == "override" and (
        _has("letter", evidence, words, first, 14, over_stops=True)
        or (announced and _has("worded", evidence, words, first, 16, over_stops=True))
    ):
        return ADDRESSED
    return 1.0


def _has(
    name: str,
    evidence: dict[int, int],
    words: Words,
    before: int,
    reach: int,
    over_stops: bool = False,
) -> bool:
    """Say whether a class stands in the words before one, in the same sentence."""
    places = words.places
    for at in range(before - 1, max(-1, before - reach - 1), -1):
        if not over_stops and places[at + 1] - places[at] > 1:
            return False
        if evidence.get(at, 0) & BITS[name]:
            return True
    return False


def _follows(name: str, evidence: dict[int, int], words: Words, after: int, reach: int) -> bool:
    """Say whether a class stands in the words after one, in the same sentence."""
    places = words.places
    for at in range(after + 1, min(len(places), after + reach + 1)):
        if places[at] - places[at - 1] > 1:
            return False
        if evidence.get(at, 0) & BITS[name]:
            return True
    return False
