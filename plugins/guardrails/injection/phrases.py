"""What counts as an injection: classes of words that stand close together.

A rule is met where each of its classes has a word of its own within some words of each other, in
any order: "ignore all previous instructions", "die vorherigen Anweisungen ignorieren". The
weights were set by hand on prompts of our own; `benchmarks/guardrails.py` measures what they do.
"""

from dataclasses import dataclass

FAMILIES = (
    "override",
    "roleplay",
    "extraction",
    "tokens",
    "authority",
    "obfuscation",
    "exfiltration",
    "hijack",
)
"""Kinds of injection, as decisions name them; `classifier` is a model's own verdict."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Classes of `lexicon.py` whose words together are evidence."""

    family: str
    classes: tuple[str, ...]
    within: int
    """Most words from the first to the last of them; the end of a sentence counts as several."""
    weight: float
    """Evidence between 0 and 1 in what people write."""
    foreign: float
    """The same in tool results, which have no business to instruct anybody."""


def _family(family: str, rows: str) -> tuple[Phrase, ...]:
    """Read lines of: classes, words, weight, and weight in tool results if it is another."""
    phrases = []
    for row in rows.strip().splitlines():
        classes, within, weight, *foreign = (cell.strip() for cell in row.split("|"))
        phrases.append(
            Phrase(
                family=family,
                classes=tuple(classes.split()),
                within=int(within),
                weight=float(weight),
                foreign=float(foreign[0]) if foreign else float(weight),
            )
        )
    return tuple(phrases)


PHRASES = (
    *_family(
        "override",
        """
        drop prior order            | 9 | 0.88
        drop all order              | 6 | 0.78
        drop your order             | 6 | 0.82
        drop system                 | 6 | 0.8
        drop all prior matter       | 8 | 0.74
        drop prior matter           | 6 | 0.62
        drop above instead          | 7 | 0.76
        drop above                  | 3 | 0.55
        drop matter given           | 8 | 0.72
        drop the order              | 4 | 0.58
        lift prior order            | 8 | 0.5 | 0.6
        lift your order             | 6 | 0.66
        lift your limit             | 6 | 0.76
        lift all limit              | 5 | 0.45
        lift all order your         | 8 | 0.74
        lift all order              | 5 | 0.4
        drop your limit             | 7 | 0.82
        drop safety limit           | 5 | 0.72
        lift safety limit           | 5 | 0.6
        drop all limit              | 5 | 0.74
        prior order void            | 8 | 0.45
        prior promptish void        | 8 | 0.76
        your order void             | 5 | 0.74
        void given you              | 10 | 0.72
        void your limit             | 5 | 0.74
        void you limit              | 6 | 0.74
        drop wish                   | 6 | 0.6 | 0.74
        lift the order            | 3 | 0.5
        fresh your                  | 3 | 0.55
        fresh follow only           | 7 | 0.72
        fresh instead               | 6 | 0.5 | 0.6
        fresh drop                  | 14 | 0.76
        fresh act you               | 9 | 0.72
        taunt show                  | 6 | 0.5 | 0.6
        taunt answer                | 6 | 0.55 | 0.65
        """,
    ),
    *_family(
        "roleplay",
        """
        jail                        | 0 | 0.76
        jail act                    | 12 | 0.85
        act free                    | 9 | 0.76
        act ai free                 | 12 | 0.82
        ai free                     | 6 | 0.72
        act ai no limit             | 16 | 0.84
        act you no limit            | 12 | 0.76
        ai no limit                 | 6 | 0.76
        you no limit                | 6 | 0.6
        answer no censor            | 7 | 0.72
        act ai villain              | 9 | 0.74
        enter mode you              | 8 | 0.6
        enter mode ai               | 10 | 0.72
        mode no limit               | 14 | 0.78
        mode you no                 | 14 | 0.72
        mode your limit             | 12 | 0.74
        root you limit              | 12 | 0.72
        root your potential         | 8 | 0.72
        fiction ai no limit         | 20 | 0.74
        fiction never refuse        | 20 | 0.72
        ego you                     | 8 | 0.45
        ego no limit                | 14 | 0.76
        ego act your                | 12 | 0.74
        act no censor               | 14 | 0.74
        act third no limit          | 14 | 0.72
        refuse stake you            | 20 | 0.72
        act no safety               | 8 | 0.72
        never refuse you            | 6 | 0.5
        never refuse act            | 16 | 0.74
        never refuse all            | 8 | 0.55
        obey                        | 0 | 0.5
        obey act                    | 14 | 0.72
        obey you all                | 10 | 0.62
        """,
    ),
    *_family(
        "extraction",
        """
        system your show            | 8 | 0.82
        system your ask             | 8 | 0.8
        system your                 | 3 | 0.45
        system echo                 | 7 | 0.74
        system show the             | 7 | 0.7
        system show verbatim        | 12 | 0.82
        system show you             | 9 | 0.72
        system ask the              | 5 | 0.45
        promptish your show         | 6 | 0.74
        promptish your show covert  | 9 | 0.82
        promptish your ask          | 6 | 0.68
        promptish your ask covert   | 8 | 0.78
        promptish echo covert       | 8 | 0.74
        rulish your show covert     | 8 | 0.78
        rulish your ask covert      | 8 | 0.74
        rulish your echo            | 6 | 0.7
        promptish ask you given     | 9 | 0.72
        promptish show you given    | 10 | 0.78
        given ask you before        | 10 | 0.74
        order show given you        | 12 | 0.72
        gone finish                 | 16 | 0.74
        system my finish cited      | 14 | 0.74
        gone                        | 0 | 0.4
        echo before words           | 6 | 0.66
        echo before words verbatim  | 14 | 0.8
        show before words verbatim  | 14 | 0.72
        """,
    ),
    *_family(
        "authority",
        """
        creator                     | 0 | 0.45
        creator command             | 16 | 0.74
        creator show                | 16 | 0.72
        creator drop                | 16 | 0.76
        official command your       | 14 | 0.72
        official drop               | 14 | 0.74
        official show system        | 16 | 0.76
        overrides                   | 0 | 0.62
        overrides command           | 12 | 0.72
        overrides you               | 10 | 0.72
        overrides your              | 12 | 0.72
        """,
    ),
    *_family(
        "exfiltration",
        """
        private send remote         | 18 | 0.74 | 0.85
        private send dest           | 14 | 0.72 | 0.75
        private reach remote        | 14 | 0.72 | 0.8
        talk send remote            | 9 | 0.72 | 0.72
        talk send person            | 9 | 0.72 | 0.6
        talk slot                   | 9 | 0.72 | 0.75
        talk image remote send      | 14 | 0.74 | 0.75
        talk send carry             | 10 | 0.72
        talk send secrecy           | 12 | 0.74
        private person send        | 16 | 0.72 | 0.8
        slot image                  | 14 | 0.6
        slot private                | 16 | 0.78 | 0.85
        slot secret                 | 16 | 0.76 | 0.8
        slot send                   | 12 | 0.5
        secret your send remote     | 18 | 0.74 | 0.8
        secret send remote          | 14 | 0.55 | 0.5
        secret send dest all        | 14 | 0.45 | 0.6
        secret send dest carry      | 18 | 0.74
        secrecy send dest           | 18 | 0.72 | 0.78
        secrecy send private        | 18 | 0.74 | 0.8
        secrecy send secret         | 18 | 0.72 | 0.78
        stash send remote           | 22 | 0.74 | 0.8
        image remote secret         | 22 | 0.74 | 0.8
        image remote private        | 22 | 0.76 | 0.85
        image remote send           | 16 | 0.35 | 0.45
        image dest private          | 16 | 0.72 | 0.8
        """,
    ),
    *_family(
        "hijack",
        """
        hail must do                | 16 | 0.74 | 0.82
        hail do                     | 12 | 0.6 | 0.74
        hail                        | 0 | 0.35 | 0.5
        address must do             | 12 | 0.45 | 0.55
        address must do all         | 14 | 0.5 | 0.6
        address drop                | 10 | 0.5 | 0.7
        secrecy do                  | 14 | 0.6 | 0.78
        secrecy                     | 0 | 0.35 | 0.5
        invoke tool urgent          | 9 | 0.2 | 0.55
        invoke tool hail            | 12 | 0.7 | 0.8
        mail dest                   | 12 | 0.2 | 0.52
        mail private                | 12 | 0.4 | 0.62
        wreck urgent                | 10 | 0.15 | 0.52
        wreck hail                  | 14 | 0.7 | 0.8
        wreck secrecy               | 16 | 0.6 | 0.78
        next do                     | 8 | 0.35 | 0.58
        next do hail                | 14 | 0.74 | 0.8
        next drop                   | 14 | 0.6 | 0.7
        """,
    ),
)
