"""A day of requests: people by the hour, batches at night, embeddings all the time. Seeded."""

from dataclasses import dataclass
from math import log
from random import Random

HOUR = 3600.0
DAY_PROFILE = (
    1, 1, 1, 1, 1, 2, 6, 20, 60, 100, 100, 90, 60, 90, 100, 95, 80, 50, 25, 20, 18, 12, 6, 3,
)  # fmt: skip
"""People's requests by the hour, in percent of the busiest: an office, and some at home."""
NIGHT = (1, 5)
"""Hours between which batches are submitted."""
SPREAD = 0.6
"""Standard deviation of the logarithm of lengths."""
USERS = 20
"""A fifth of them asks half of the questions."""
PEOPLE = 200
"""Questions of people in their busiest hour."""
BATCHES = 350
"""Requests of batches that are submitted in each hour of the night."""
EMBEDDINGS = 300
"""Embeddings in the busiest hour."""
LONGEST = 12_000
"""Tokens of a prompt, at most."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Requests of one sort. Lengths are medians, in tokens."""

    name: str
    share: float
    """Of all requests of its source."""
    prompt: float
    answer: float
    floors: dict[float, float]
    """How often each quality is needed."""
    can: frozenset[str] = frozenset({"completion"})


SHORT = Kind(name="short chat", share=0.40, prompt=120, answer=120, floors={0.5: 0.7, 0.75: 0.3})
LONG = Kind(
    name="long chat", share=0.25, prompt=900, answer=350, floors={0.5: 0.2, 0.75: 0.6, 0.9: 0.2}
)
CODE = Kind(name="code", share=0.20, prompt=1_500, answer=500, floors={0.75: 0.5, 0.9: 0.5})
RAG = Kind(name="documents", share=0.13, prompt=4_500, answer=250, floors={0.75: 0.8, 0.9: 0.2})
IMAGE = Kind(
    name="image",
    share=0.02,
    prompt=900,
    answer=150,
    floors={0.75: 1.0},
    can=frozenset({"completion", "vision"}),
)
BATCH = Kind(name="batch", share=1.0, prompt=700, answer=250, floors={0.5: 0.5, 0.75: 0.5})
EMBEDDING = Kind(
    name="embedding",
    share=1.0,
    prompt=300,
    answer=0,
    floors={0.0: 1.0},
    can=frozenset({"embedding"}),
)
PEOPLES = (SHORT, LONG, CODE, RAG, IMAGE)


@dataclass(slots=True, eq=False)
class Request:
    """One request, and what became of it."""

    at: float
    """Seconds after midnight."""
    kind: Kind
    key: str
    prompt: int
    answer: int
    floor: float
    """Quality that its complexity takes; what less can do, it can't."""
    luck: float = 1.0
    """How much longer than usual everything takes."""
    model: str = ""
    begun: float = -1.0
    read: float = -1.0
    """When its prompt had been read."""
    first_token: float = -1.0
    end: float = -1.0
    refused: bool = False
    left: float = 0.0
    """Tokens of the phase that it is in: of its prompt, then of its answer."""
    is_reading: bool = True

    @property
    def is_batch(self) -> bool:
        """Whether nobody sits and waits."""
        return self.kind is BATCH

    @property
    def is_persons(self) -> bool:
        """Whether a person sits and waits."""
        return self.kind in PEOPLES


def traffic(
    seed: int,
    begin: float = 0.0,
    end: float = 24 * HOUR,
    *,
    people: int = PEOPLE,
    batches: int = BATCHES,
    embeddings: int = EMBEDDINGS,
) -> list[Request]:
    """Return the requests between two times of a day, in order.

    `people` ask so many questions in their busiest hour, `batches` are submitted in each hour of
    the night, and `embeddings` are asked for in the busiest hour.
    """
    rng = Random(seed)  # noqa: S311
    requests: list[Request] = []
    hour = int(begin // HOUR)
    while hour * HOUR < end:
        share = DAY_PROFILE[hour % 24] / max(DAY_PROFILE)
        is_night = NIGHT[0] <= hour % 24 < NIGHT[1]
        for rate, kinds in (
            (people * share, PEOPLES),
            (embeddings * share, (EMBEDDING,)),
            (batches if is_night else 0.0, (BATCH,)),
        ):
            at = hour * HOUR
            while rate > 0:
                at += rng.expovariate(rate / HOUR)
                if at >= (hour + 1) * HOUR:
                    break
                requests.append(_request(rng, at, kinds))
        hour += 1
    return sorted((each for each in requests if begin <= each.at < end), key=lambda each: each.at)


def _request(rng: Random, at: float, kinds: tuple[Kind, ...]) -> Request:
    kind = rng.choices(kinds, [each.share for each in kinds])[0]
    floor = rng.choices(list(kind.floors), list(kind.floors.values()))[0]
    user = rng.randrange(USERS // 5) if rng.random() < 0.5 else rng.randrange(USERS)
    return Request(
        at=at,
        kind=kind,
        key="batch" if kind is BATCH else f"user-{user}",
        prompt=min(LONGEST, _length(rng, kind.prompt)),
        answer=_length(rng, kind.answer) if kind.answer else 0,
        floor=floor,
        luck=rng.lognormvariate(0, 0.05),
    )


def _length(rng: Random, median: float) -> int:
    return max(1, round(rng.lognormvariate(log(median), SPREAD)))
