"""What the file says of how a model is chosen."""

import msgspec
import pytest

from localai import Duration
from plugins.routing.select.policy import Bounds, Floors, Level, Policy, Rule

BOUNDS = Bounds(moderate=0.3, complex=0.6)


def policy(text: str) -> Policy:
    """Return a policy as the file says it."""
    return msgspec.toml.decode(text, type=Policy, dec_hook=lambda kind, value: kind.parse(value))


@pytest.mark.parametrize(
    ("complexity", "level"),
    [(0, "simple"), (0.29, "simple"), (0.3, "moderate"), (0.59, "moderate"), (0.6, "complex")],
)
def test_levels(complexity: float, level: str) -> None:
    """A bound belongs to what is above it."""
    assert BOUNDS.level(complexity) == level


@pytest.mark.parametrize(
    ("candidates", "model", "allowed"),
    [
        (["*"], "any:latest", True),
        (["qwen*"], "qwen2.5:3b", True),
        (["qwen*"], "llava:13b", False),
        (["Llama3.2"], "llama3.2:latest", True),
        (["llama3.2"], "llama3.2:1b", False),
        (["*", "!llava*"], "llava:13b", False),
        (["!llava*"], "llava:13b", False),
        (["!llava*"], "qwen2.5:3b", True),
    ],
)
def test_candidates(candidates: list[str], model: str, allowed: bool) -> None:
    """Names and patterns take in, those with "!" take out again."""
    assert Policy(candidates=tuple(candidates)).allows(model) is allowed


@pytest.mark.parametrize(
    ("text", "floors"),
    [
        ("", (0.45, 0.7, 0.85)),
        ("floor = 0.6", (0.6, 0.6, 0.6)),
        ("floor = { simple = 0.2, complex = 1.0 }", (0.2, 0.7, 1.0)),
    ],
)
def test_floors(text: str, floors: tuple[float, ...]) -> None:
    """The floor is one for all, or one for each level, and has a default."""
    levels: tuple[Level, ...] = ("simple", "moderate", "complex")
    assert tuple(map(policy(text).floor_of, levels)) == floors


@pytest.mark.parametrize("text", ["floor = 1.1", "weight_time = -1", "unknown = 1", "rules = [{}]"])
def test_nonsense_is_refused(text: str) -> None:
    """Values out of range, unknown settings, and rules without a model."""
    with pytest.raises(msgspec.ValidationError):
        policy(text)


@pytest.mark.parametrize(
    ("rule", "level", "latency", "text", "applies"),
    [
        (Rule(model="m"), "simple", 9, "x", True),
        (Rule(model="m", complexity="simple"), "simple", 9, "x", True),
        (Rule(model="m", complexity="simple"), "complex", 9, "x", False),
        (Rule(model="m", max_latency=Duration(2)), "simple", 2, "x", True),
        (Rule(model="m", max_latency=Duration(2)), "simple", 2.1, "x", False),
        (Rule(model="m", shorter_than=3), "simple", 9, "ab", True),
        (Rule(model="m", shorter_than=3), "simple", 9, "abc", False),
        (Rule(model="m", words=("Explain in detail",)), "simple", 9, "EXPLAIN in detail", True),
        (Rule(model="m", words=("compare",)), "simple", 9, "x", False),
    ],
)
def test_rules(rule: Rule, level: Level, latency: float, text: str, applies: bool) -> None:
    """A rule applies where all of its conditions do."""
    assert rule.applies(level, latency, text) is applies
    assert list(Policy(rules=(rule,)).rules_for(level, latency, text)) == [rule] * applies


def test_the_default_floors_are_below_the_words() -> None:
    """Models declared good, very_good and excellent are enough for their level."""
    floors = Floors()
    assert floors.simple < 0.5
    assert floors.moderate < 0.75
    assert floors.complex < 0.88 < 0.9
