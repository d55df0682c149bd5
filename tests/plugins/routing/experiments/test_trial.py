"""One experiment."""

from collections import Counter
from typing import Any

import pytest

from localai import UNCLAIMED, Chunk, Inference, Principal
from plugins.routing.experiments.settings import Experiment
from plugins.routing.experiments.trial import Trial
from tests.plugins.support import a_call, connecting

VARIANTS = {"a": 0.8, "b": 0.2}


def a_trial(chance: float | None = None, **changes: Any) -> Trial:
    """Return an experiment with two variants; with a chance that is always the same."""
    settings = Experiment(**{"model": "chat", "variants": VARIANTS, **changes})
    return Trial("test", settings) if chance is None else Trial("test", settings, lambda: chance)


def test_a_user_keeps_the_variant_whatever_the_key() -> None:
    """The header decides, so a user of two programs has one variant."""
    trial = a_trial()
    for number in range(20):
        connection = connecting(x_user_id=f"user-{number}")
        found = {
            trial.variant_of(a_call(connection=connection, principal=Principal(id=each)))
            for each in ("key:1", "key:2")
        }
        assert len(found) == 1


def test_who_cannot_be_told_apart_is_dealt_by_chance() -> None:
    """By the weights, anew each time."""
    trial = a_trial()
    found = Counter(trial.variant_of(a_call(principal=UNCLAIMED)) for _ in range(1000))
    assert found["a"] == pytest.approx(800, abs=60)
    assert found["b"] == 1000 - found["a"]


def test_nobody_gets_a_variant_that_is_not_for_them() -> None:
    """A key for one of the models always has that one; a key for none has none."""
    trial = a_trial()
    for number in range(20):
        one = Principal(id=f"key:{number}", models=("b",))
        assert trial.variant_of(a_call(principal=one)) == "b"
        none = Principal(id=f"key:{number}", models=("c",))
        assert trial.variant_of(a_call(principal=none)) is None


@pytest.mark.parametrize(
    ("chance", "models"), [(0.05, ["c", "d"]), (0.3, ["d"]), (0.9, ["d"]), (1.0, [])]
)
def test_shadows_get_their_part(chance: float, models: list[str]) -> None:
    """Each by its own fraction, of requests whose callers may use it."""
    trial = a_trial(chance, shadow={"c": 0.1, "d": 1.0, "e": 0.0})
    assert trial.shadows_of(a_call()) == models
    caller = Principal(id="key:1", models=("a",))
    assert trial.shadows_of(a_call(principal=caller)) == []


def test_the_report_compares_each_variant_with_the_first() -> None:
    """Rates, times and tokens; `None` where there is too little to compare."""
    trial = a_trial(variants={"a": 1, "b": 1, "c": 1}, shadow={"d": 0.5})
    for variant, good in (("a", 90), ("b", 50)):
        for number in range(100):
            inference = Inference(a_call())
            if number < good:
                inference.saw(Chunk(done=True, eval_count=number))
            else:
                inference.error = "UpstreamFailed"
            trial.tallies[variant].saw(inference)
    report = trial.report()
    assert report["model"] == "chat"
    assert report["variants"]["a"]["outcomes"] == {"ok": 90, "error": 10}
    assert report["variants"]["b"]["weight"] == 1
    rates = report["comparisons"]["b"]
    assert rates["with"] == "a"
    assert rates["ok_rate"].difference == pytest.approx(-0.4)
    assert rates["ok_rate"].p < 1e-6
    assert rates["tokens"].difference < 0
    assert report["comparisons"]["c"]["ok_rate"] is None
    assert report["shadows"]["d"]["outcomes"] == {}
