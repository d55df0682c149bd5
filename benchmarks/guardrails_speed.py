"""What guardrails cost: microseconds of CPU for each chunk, and for each 10 kB of a request."""

import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from plugins.guardrails.injection.detector import Detector
from plugins.guardrails.injection.invisible import clean
from plugins.guardrails.injection.special_tokens import neutralise
from plugins.guardrails.stream.filter import Filter, scan
from plugins.guardrails.stream.matcher import Matcher

Look = Callable[[str], Awaitable[object]]
"""Looks for something in a whole text."""

CHUNK = 4
"""Characters of a chunk, about a token."""
ADVERSARIAL = {
    "aaaa": "a",
    "digits": "4",
    "digits and spaces": "4 ",
    "eyey": "ey",
    "![![": "![",
    "sk-sk-": "sk-",
    "ghp_": "ghp_a",
    "@a.": "a@a.",
    "AKIA": "AKIA",
    "2001:": "2001:",
    "DE89": "DE89",
    "postgres://": "postgres://a:",
    "-----BEGIN ": "-----BEGIN ",
    "1.1.": "1.",
    "+4 ": "+4 ",
    "key=": "key=",
}
"""What begins like a match again and again."""
_ADVERSARIAL_LENGTH = 10_000


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What a chunk costs, in microseconds."""

    text: str
    mean: float
    """Of CPU time."""
    p50: float
    p99: float
    """By the clock, as are the other percentiles."""


def stream(matcher: Matcher, name: str, text: str, warm_ups: int = 1) -> Speed:
    """Measure the filter with a text in chunks of four characters."""
    pieces = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    for _ in range(warm_ups):
        _push(matcher, pieces)
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        _push(matcher, pieces)
        mean = (time.process_time() - began) / len(pieces)
        times = _timed(matcher, pieces)
    finally:
        gc.enable()
    return Speed(
        text=name,
        mean=mean * 1e6,
        p50=times[len(times) // 2] * 1e6,
        p99=times[len(times) * 99 // 100] * 1e6,
    )


def adversarial(matcher: Matcher) -> list[Speed]:
    """Measure the filter with texts that begin like a match again and again."""
    return [
        stream(matcher, name, (unit * _ADVERSARIAL_LENGTH)[:_ADVERSARIAL_LENGTH])
        for name, unit in ADVERSARIAL.items()
    ]


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What looking at 10 kB of a request costs, in microseconds of CPU."""

    what: str
    mean: float


async def scans(rules: dict[str, Matcher], text: str, rounds: int = 30) -> list[Scan]:
    """Measure what is done to each text of a request, on 10 kB of different texts."""
    texts = [text[at * 997 : at * 997 + 10_000] for at in range(rounds)]
    detector = Detector()

    def entities(matcher: Matcher) -> Look:
        return lambda text: scan(matcher, text, _leave)

    looks: dict[str, Look] = {f"entities, {name}": entities(each) for name, each in rules.items()}
    looks["injection"] = lambda text: detector.judge(text, "user")
    looks["smuggled characters"] = _awaited(clean)
    looks["special tokens"] = _awaited(neutralise)
    return [Scan(what=name, mean=await _mean(look, texts)) for name, look in looks.items()]


async def _mean(look: Look, texts: Sequence[str]) -> float:
    # Once before: states of the automata are made when they are first needed.
    for text in texts:
        await look(text)
    began = time.process_time()
    for text in texts:
        await look(text)
    return (time.process_time() - began) / len(texts) * 1e6


def _awaited(function: Callable[[str], object]) -> Look:
    async def look(text: str) -> object:
        return function(text)

    return look


def _push(matcher: Matcher, pieces: Sequence[str]) -> None:
    text = Filter(matcher, _redact)
    for piece in pieces:
        text.push(piece)
    text.flush()


def _timed(matcher: Matcher, pieces: Sequence[str]) -> list[float]:
    text = Filter(matcher, _redact)
    times = []
    for piece in pieces:
        began = time.perf_counter()
        text.push(piece)
        times.append(time.perf_counter() - began)
    return sorted(times)


def _redact(rule: object, text: str) -> str:
    return "[redacted]"


def _leave(rule: object, text: str) -> None:
    return None
