"""Attempts to change what a model was told, in eight families."""

import re
import tomllib
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.guardrails_data.hiding import ENCODINGS, OBFUSCATIONS
from benchmarks.guardrails_data.sample import Prompt, seeded

_DATA: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "injections.toml").read_text("utf-8")
)
_SLOT = re.compile(r"\{([a-z]+)\}")
_OPENINGS = (
    "",
    "",
    "Hello! ",
    "Can you help me with my homework on the French revolution? ",
    "I like your answers so far. ",
    "Please fix the grammar of this text. ",
    "The capital of Peru is Lima.\n\n",
)
_ENDINGS = ("", "", " Thank you.", " It is urgent.", "\n\nDo it now.")
FAMILIES = (*_DATA["families"], "encoded", "obfuscated")


def injections(count: int = 480, seed: int = 11) -> list[Prompt]:
    """Return so many different attempts, about equally many of each family."""
    random = seeded(seed)
    prompts: dict[str, Prompt] = {}
    at = 0
    while len(prompts) < count:
        prompt = _injection(random, FAMILIES[at % len(FAMILIES)], at // len(FAMILIES))
        prompts.setdefault(prompt.text, prompt)
        at += 1
    return list(prompts.values())


def _injection(random: Random, family: str, number: int) -> Prompt:
    if family in ("encoded", "obfuscated"):
        return _hidden(random, family, number)
    cores = _DATA["families"][family]
    core = number % len(cores)
    text = _filled(random, cores[core])
    if family == "indirect":
        return Prompt(text, "tool", family, core)
    if family == "tokens":
        return Prompt(text, "user", family, core)
    return Prompt(random.choice(_OPENINGS) + text + random.choice(_ENDINGS), "user", family, core)


def _hidden(random: Random, family: str, number: int) -> Prompt:
    core = number % len(_DATA["hidden"])
    text = _filled(random, _DATA["hidden"][core]).lower()
    if family == "obfuscated":
        ways = list(OBFUSCATIONS.values())
        hidden = ways[number % len(ways)](text, random)
        return Prompt(random.choice(_OPENINGS) + hidden, "user", family, number % len(ways))
    encodings = list(ENCODINGS.values())
    hidden = encodings[number % len(encodings)](text)
    carrier = random.choice(_DATA["carriers"])
    return Prompt(carrier.replace("{hidden}", hidden), "user", family, number % len(encodings))


def _filled(random: Random, core: str) -> str:
    text = _SLOT.sub(lambda slot: random.choice(_DATA["slots"].get(slot[1], [slot[0]])), core)
    return text[0].upper() + text[1:]
