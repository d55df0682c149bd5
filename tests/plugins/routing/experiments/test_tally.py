"""What has become of the requests of a variant."""

import pytest

from localai import Chunk, Inference
from plugins.routing.experiments.tally import Tally
from tests.plugins.support import a_call


def ended(error: str | None = None, *, done: bool = True, **headers: str) -> Inference:
    """Return a call whose first token came after a second, if it was answered."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    inference = Inference(a_call(headers=sent))
    if done:
        inference.saw(Chunk(done=True, eval_count=20))
        inference.first = inference.begun + 1.0
    inference.error = error
    return inference


@pytest.mark.parametrize(
    ("inference", "outcome", "timed"),
    [
        (ended(), "ok", True),
        (ended(x_localai_cache="miss"), "ok", True),
        (ended(x_localai_cache="hit"), "ok", False),
        (ended(x_localai_cache="join"), "ok", False),
        (ended(x_localai_fallback="tiny; cause=busy"), "fallback", False),
        (ended(x_localai_cache="stale"), "fallback", False),
        (ended("UpstreamFailed", done=False), "error", False),
        (ended(done=False), "canceled", False),
        (ended(done=False, x_localai_fallback="tiny; cause=busy"), "canceled", False),
    ],
)
def test_each_end_has_one_outcome(inference: Inference, outcome: str, timed: bool) -> None:
    """Times and tokens are of answers that the variant itself has made."""
    tally = Tally()
    tally.saw(inference)
    assert tally.outcomes == {outcome: 1}
    assert tally.tokens.count == (outcome == "ok")
    assert tally.first_token.count == timed
    if timed:
        assert tally.first_token.mean == pytest.approx(1.0)
    assert tally.ended == (outcome != "canceled")


def test_the_report_has_all_of_it() -> None:
    """Exposures, outcomes, tokens and times."""
    tally = Tally()
    tally.exposures = 2
    tally.saw(ended())
    tally.saw(ended(x_localai_fallback="default"))
    assert tally.report() == {
        "exposures": 2,
        "outcomes": {"ok": 1, "fallback": 1},
        "tokens": {"count": 1, "mean": 20.0, "deviation": 0.0},
        "first_token_seconds": {"count": 1, "mean": 1.0, "deviation": 0.0},
    }
