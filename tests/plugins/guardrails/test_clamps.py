"""Options within bounds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from localai import Options
from plugins.guardrails.clamps import Clamps, clamp
from tests.plugins.support import a_call

NUMBERS = st.none() | st.integers(-3, 2**40)
CLAMPS = Clamps(num_predict=100, num_ctx=1000, logprobs=True, top_logprobs=5, drop=("num_gpu",))


@given(st.builds(Options, num_predict=NUMBERS, num_ctx=NUMBERS, num_gpu=NUMBERS, seed=NUMBERS))
def test_what_comes_out_is_within_all_bounds(options: Options) -> None:
    """Whatever is asked for, the bounds hold; a second look changes nothing; the rest stays."""
    call = a_call(options=options, logprobs=True, top_logprobs=20)
    clamped = clamp(call, CLAMPS)
    found = clamped.options
    assert found.num_predict is None or 0 <= found.num_predict <= 100
    assert found.num_ctx is None or found.num_ctx <= 1000
    assert found.num_gpu is None
    assert found.seed == options.seed
    assert clamped.top_logprobs == 5
    decided = len(call.decisions)
    assert clamp(clamped, CLAMPS) == clamped
    assert len(call.decisions) == decided


@given(st.sampled_from([{}, {"num_predict": 100}, {"num_ctx": 1000}, {"seed": 7}]))
def test_what_is_within_is_the_same_object(options: dict[str, Any]) -> None:
    """A call that keeps to the bounds is not copied."""
    call = a_call(options=Options(**options))
    assert clamp(call, CLAMPS) is call
