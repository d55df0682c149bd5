"""The way of one request after its model has failed."""

import asyncio
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import (
    Call,
    ContextTooLong,
    GatewayError,
    InvalidRequest,
    ModelNotFound,
    Unavailable,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamTimeout,
    full_name,
)
from plugins.routing.fallback.backoff import Backoff
from plugins.routing.fallback.budget import RetryBudget
from plugins.routing.fallback.causes import Cause
from plugins.routing.fallback.chains import Chain, Chains
from plugins.routing.fallback.rescue import FALLBACK, MODEL, Rescue, Terms
from tests.plugins.support import a_call

SOON = 60.0
MODELS = ["llama3.2", "LLAMA3.2:latest", "a", "b", "b:latest", "c:1b"]
LISTS = st.lists(st.sampled_from(MODELS), max_size=5)
CHAINS = st.fixed_dictionaries({}, optional=dict.fromkeys((*get_args(Cause), "any"), LISTS))
FAILURES = st.sampled_from(
    [ContextTooLong, UpstreamBusy, UpstreamFailed, UpstreamTimeout, ModelNotFound, InvalidRequest]
)


def terms(
    chain: Chain | None = None, attempts: int = 3, *, fit: bool = True, base: float = 0.0
) -> Terms:
    """Return what requests have in common; by default they do not wait."""
    return Terms(
        attempts=attempts,
        backoff=Backoff(base=base),
        budget=RetryBudget(1.0),
        chains=Chains({} if chain is None else {"llama3.2": chain}),
        fits=lambda call, model: fit,
    )


def rescue(call: Call, common: Terms, seconds: float = SOON) -> Rescue:
    """Return the way of a call whose last try may begin within these seconds."""
    return Rescue(common, call, asyncio.get_running_loop().time() + seconds)


async def test_after_the_deadline_nothing_is_tried() -> None:
    """Neither the same model, nor another."""
    chain = Chain(any=["a"])
    way = rescue(a_call(), terms(chain), -1.0)
    assert await way.after(UpstreamFailed("x")) is None


async def test_a_wait_that_would_end_after_the_deadline_does_not_begin() -> None:
    """Another model is asked at once instead."""
    way = rescue(a_call(), terms(Chain(any=["a"]), base=4.0), 1.0)
    async with asyncio.timeout(1.0):
        call = await way.after(UpstreamBusy("x", retry_after=2.0))
    assert call is not None
    assert call.model == "a"


async def test_a_model_that_cannot_do_it_is_not_asked() -> None:
    """A chat with a picture does not go to a model that sees none."""
    way = rescue(a_call(), terms(Chain(any=["a"]), fit=False))
    assert await way.after(UpstreamTimeout("x")) is None


@pytest.mark.parametrize(("others", "model"), [(["a"], "a"), ([], "llama3.2")])
async def test_a_model_that_rests_is_waited_for_only_if_there_is_no_other(
    others: list[str], model: str
) -> None:
    """It has failed several times just now; another one answers at once."""
    way = rescue(a_call(), terms(Chain(any=others)))
    call = await way.after(Unavailable("x", code="circuit_open", retry_after=0.001))
    assert call is not None
    assert call.model == model


async def test_who_leaves_while_it_waits_ends_the_wait() -> None:
    """Cancellation passes through."""
    way = rescue(a_call(), terms(base=4.0))
    waiting = asyncio.create_task(way.after(UpstreamBusy("x", retry_after=3.0)))
    await asyncio.sleep(0)
    waiting.cancel()
    (outcome,) = await asyncio.gather(waiting, return_exceptions=True)
    assert isinstance(outcome, asyncio.CancelledError)


@given(
    lists=CHAINS,
    failures=st.lists(FAILURES, min_size=30, max_size=30),
    attempts=st.integers(1, 5),
)
@settings(deadline=None)
async def test_every_way_ends(
    lists: dict[str, list[str]], failures: list[type[GatewayError]], attempts: int
) -> None:
    """The wanted model first, so often as is allowed; then others, each once, by its cause's list;
    and in the end the headers are as they were."""
    chain = Chain(**lists)
    call = a_call()
    call.headers[MODEL] = "before"
    way = rescue(call, terms(chain, attempts))
    asked: list[str] = [call.model]
    for failure in failures:
        following = await way.after(failure("x"))
        if following is None:
            break
        assert following == call.replace(model=following.model)
        if following.model != call.model:
            assert call.headers[FALLBACK].startswith(f"{following.model}; cause=")
            assert call.headers[MODEL] == following.model
        asked.append(following.model)
    else:
        raise AssertionError("it goes on for ever")
    assert call.headers == {MODEL: "before"}
    own = asked.count(call.model)
    assert own <= attempts
    assert asked[:own] == [call.model] * own
    others = [full_name(each).lower() for each in asked[own:]]
    assert len(others) == len(set(others))
    assert full_name(call.model).lower() not in others
