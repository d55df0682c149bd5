"""In how many places of a pattern one can be at once, which is what its steps cost."""

from plugins.guardrails.stream.automaton import Alphabet, Automaton, sets_of
from plugins.guardrails.stream.pattern import Pattern

STEPS = 200
"""Characters after which repeats within repeats have shown how they multiply."""


def width(pattern: Pattern, most: int) -> int:
    """Return the most places found when each step takes the character that leaves most open.

    Ends as soon as there are more than `most`.
    """
    alphabet = Alphabet(sorted(sets_of(pattern), key=lambda chars: chars.ranges))
    automaton = Automaton(alphabet)
    places = set(automaton.closure(automaton.add(pattern, 0)))
    widest = len(places)
    for _ in range(STEPS):
        if not places or widest > most:
            break
        numbers = {number for place in places for number in automaton.takes[place] or ()}
        places = max(
            (_after(automaton, places, number) for number in numbers), key=len, default=set()
        )
        widest = max(widest, len(places))
    return widest


def _after(automaton: Automaton, places: set[int], number: int) -> set[int]:
    return {
        each
        for place in places
        if number in (automaton.takes[place] or ())
        for each in automaton.closure(automaton.to[place])
    }
