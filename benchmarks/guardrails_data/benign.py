"""Honest prompts full of words that attacks have too."""

import re
import tomllib
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.guardrails_data.sample import Prompt, seeded

_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "benign.toml").read_text("utf-8"))
_SLOT = re.compile(r"\{([a-z]+)\}")


def benign(count: int = 560, seed: int = 13) -> list[Prompt]:
    """Return so many different prompts, every one of the file first; the same for each seed."""
    random = seeded(seed)
    cores = [
        (family, number, core)
        for family, written in _DATA["families"].items()
        for number, core in enumerate(written)
    ]
    slots = _DATA["slots"]
    prompts: dict[str, Prompt] = {}
    at = 0
    while len(prompts) < count:
        family, number, core = cores[at % len(cores)]
        text = _SLOT.sub(lambda slot: random.choice(slots.get(slot[1], [slot[0]])), core)
        if at >= len(cores) and family != "tool":
            text = _wrapped(random, text)
        prompts.setdefault(
            text, Prompt(text, "tool" if family == "tool" else "user", family, number)
        )
        at += 1
    return list(prompts.values())


def prose(characters: int = 60_000, seed: int = 19) -> str:
    """Return technical prose as answers of models are, without any trigger words."""
    random = seeded(seed)
    paragraphs = (Path(__file__).parent / "prose.txt").read_text("utf-8").splitlines()
    text: list[str] = []
    while sum(map(len, text)) < characters:
        random.shuffle(paragraphs)
        text += (f"{each}\n\n" for each in paragraphs)
    return "".join(text)[:characters]


def triggers(characters: int = 60_000) -> str:
    """Return the prompts, one after the other: all of it is full of trigger words."""
    text = "\n\n".join(each.text for each in benign())
    return (text * (characters // len(text) + 1))[:characters]


def _wrapped(random: Random, text: str) -> str:
    """Return a prompt as somebody else would write it."""
    before = ("", "Hi! ", "Quick question: ", "One more thing. ", "Sorry to bother you again. ")
    after = (
        "",
        " Thanks!",
        " Please keep it short.",
        " Explain it step by step.",
        " I'm new to it.",
    )
    return random.choice(before) + text + random.choice(after)
