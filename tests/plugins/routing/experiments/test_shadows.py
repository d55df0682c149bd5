"""The same request to another model as well."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar

import pytest
from structlog.testing import capture_logs

from localai import Call, Chunk, Chunks, File, Message, Principal, UpstreamFailed
from plugins.routing.experiments.shadows import LARGEST, Shadows
from plugins.routing.experiments.tally import ShadowTally
from tests.plugins.support import HELLO, Model, a_call

CALLER = Principal(id="key:1", tenant="team", models=("llama3.2", "tiny"))
REQUEST: ContextVar[str] = ContextVar("request", default="none")


@pytest.fixture
async def shadows() -> AsyncIterator[Shadows]:
    """Two at a time."""
    made = Shadows(running=2, deadline=30.0)
    yield made
    await made.close()
    assert len(made) == 0


async def test_the_same_is_asked_of_the_other_model_by_the_router(shadows: Shadows) -> None:
    """Not by the caller, who pays nothing and hears nothing of it."""
    model, tally, call = Model(*HELLO), ShadowTally(), a_call(principal=CALLER, stream=False)
    shadows.cast(call, "tiny", model.infer, tally)
    await shadows.finished()
    (asked,) = model.calls
    assert (asked.model, asked.messages, asked.stream) == ("tiny", call.messages, True)
    assert asked.principal.is_router
    assert asked.principal.tenant == "team"
    assert asked.cache.no_store
    assert asked.headers is not call.headers
    assert asked.decisions is not call.decisions
    assert not call.headers
    assert tally.outcomes == {"ok": 1}
    assert (tally.tokens.mean, tally.characters.mean) == (2, len("Hello"))
    assert tally.seconds.count == 1
    assert tally.report()["outcomes"] == {"ok": 1}


async def test_so_many_run_at_a_time_and_no_more(shadows: Shadows) -> None:
    """What is above that has no shadow, and is counted."""
    model, tally = Model(*HELLO), ShadowTally()
    model.gate = asyncio.Event()
    for _ in range(5):
        shadows.cast(a_call(), "tiny", model.infer, tally)
    assert len(shadows) == 2
    assert tally.outcomes == {"too_many": 3}
    model.gate.set()
    await shadows.finished()
    shadows.cast(a_call(), "tiny", model.infer, tally)
    await shadows.finished()
    assert tally.outcomes == {"too_many": 3, "ok": 3}


@pytest.mark.parametrize(
    "message",
    [
        Message(role="user", content="x" * (LARGEST + 1)),
        Message(role="user", content="x", images=("x" * LARGEST,)),
        Message(role="user", content="x", files=(File(data="x" * LARGEST),)),
    ],
)
async def test_a_large_request_has_no_shadow(shadows: Shadows, message: Message) -> None:
    """It would be held in memory for as long as the shadow waits."""
    model, tally = Model(*HELLO), ShadowTally()
    shadows.cast(a_call(messages=(message,)), "tiny", model.infer, tally)
    assert len(shadows) == 0
    assert tally.outcomes == {"too_large": 1}


async def test_a_shadow_that_takes_too_long_ends() -> None:
    """The deadline closes it."""
    shadows, model, tally = Shadows(running=1, deadline=0.01), Model(*HELLO), ShadowTally()
    model.gate = asyncio.Event()
    shadows.cast(a_call(), "tiny", model.infer, tally)
    await shadows.finished()
    assert tally.outcomes == {"timeout": 1}
    assert model.closed == 1


async def test_its_failures_are_its_own(shadows: Shadows) -> None:
    """They are counted; a fault in the chain is in the log as well."""
    tally = ShadowTally()
    shadows.cast(a_call(), "tiny", Model(failure=UpstreamFailed("x")).infer, tally)
    with capture_logs() as entries:
        shadows.cast(a_call(), "tiny", Model(failure=ValueError("a bug")).infer, tally)
        await shadows.finished()
    assert tally.outcomes == {"error": 2}
    assert [each["event"] for each in entries] == ["a shadow failed"]


async def test_all_end_when_the_plugin_does() -> None:
    """Nothing is left that runs, and every answer is closed."""
    shadows, model = Shadows(running=2, deadline=30.0), Model(*HELLO)
    model.gate = asyncio.Event()
    for _ in range(2):
        shadows.cast(a_call(), "tiny", model.infer, ShadowTally())
    await asyncio.sleep(0)
    await shadows.close()
    assert len(shadows) == 0
    assert model.closed == 2


async def test_it_knows_nothing_of_the_requests_context(shadows: Shadows) -> None:
    """What watches a request must not take its shadow for it."""
    seen = []

    async def infer(call: Call) -> Chunks:
        seen.append(REQUEST.get())
        yield Chunk(done=True)

    REQUEST.set("mine")
    shadows.cast(a_call(), "tiny", infer, ShadowTally())
    await shadows.finished()
    assert seen == ["none"]
