"""What is taken of budgets, and which calls are ended, in the chain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api.answer import collect
from localai import (
    Attempt,
    Budget,
    BudgetSpent,
    Call,
    Chunk,
    Chunks,
    Cost,
    Handler,
    Message,
    ModelNotFound,
    Options,
    Principal,
    Unavailable,
    Unit,
    UpstreamInvalid,
)
from plugins.auth.budgets import store as store_module
from plugins.auth.budgets.plugin import Budgets
from plugins.auth.budgets.rules import Rule
from tests.plugins.auth.budgets.support import MemoryLedger, until
from tests.plugins.support import HELLO, Model, a_call, all_of

TIMED = (*HELLO[:-1], HELLO[-1].replace(prompt_eval_duration=10**9, eval_duration=2 * 10**9))
"""An answer of 7 tokens and 3 seconds."""
TEN_WORDS = (Message(role="user", content="a b c d e f g h i j"),)
"""13 tokens, by the estimate."""
RICH = Principal(
    id="key:rich",
    user="anna",
    tenant="acme",
    budgets=(Budget(amount=1e6, unit="tokens", period="day"),),
)


class Running:
    """A plugin that runs, with its ledger."""

    def __init__(self, plugin: Budgets, ledger: MemoryLedger) -> None:
        self.plugin = plugin
        self.ledger = ledger

    async def has_taken(self, amount: float) -> None:
        """Wait until the only budget holds this."""
        await until(lambda: list(self.ledger.rows.values()) == [amount])

    def around(self, model: Any) -> Handler:
        """Put the plugin around a model."""
        return self.plugin.around_inference(model.infer)


@asynccontextmanager
async def running(
    monkeypatch: pytest.MonkeyPatch, *rules: Rule, prices: Any = None, **settings: Any
) -> AsyncIterator[Running]:
    """Run a plugin on a ledger in memory."""
    ledger = MemoryLedger()

    async def open_store(database: object) -> MemoryLedger:
        assert database == "the database"
        return ledger

    monkeypatch.setattr(store_module, "open_store", open_store)
    made = Running(Budgets(Budgets.Config(rules=rules, **settings)), ledger)
    gateway: Any = SimpleNamespace(database="the database", find=lambda role: prices)
    async with made.plugin.lifespan(gateway):
        yield made


@pytest.fixture
async def budgets(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """A plugin with its default settings."""
    async with running(monkeypatch) as made:
        yield made


async def test_an_answer_counts_in_every_unit(budgets: Running) -> None:
    """The true counts of the last chunk, the time, and what that costs."""
    units: list[Unit] = ["tokens", "gpu_seconds", "wh", "money"]
    all_units = tuple(Budget(amount=1e6, unit=unit, period="day") for unit in units)
    call = a_call(principal=RICH.replace(budgets=all_units))
    assert await all_of(budgets.around(Model(*TIMED)), call) == list(TIMED)
    amounts = pytest.approx([7, 3.0, 0.1, 0.1 / 1000 * 0.3])
    await until(lambda: list(budgets.ledger.rows.values()) == amounts)


class Night:
    """Sells energy for 0.1."""

    def price_per_kwh(self) -> float:
        """Return the price."""
        return 0.1


@pytest.mark.parametrize(("own", "money"), [(0.0, 0.5), (2.0, 0.004)])
async def test_energy_that_was_booked_is_what_counts(
    monkeypatch: pytest.MonkeyPatch, own: float, money: float
) -> None:
    """2 Wh that were measured count in place of the estimate, by a price of one's own if set."""
    budget = tuple(Budget(amount=1e6, unit=unit, period="day") for unit in ("wh", "money"))
    call = a_call(principal=RICH.replace(budgets=budget))
    attempt = Attempt(call)
    attempt.on("http://127.0.0.1:11434", "1", ())
    attempt.saw(TIMED[-1])
    attempt.cost = Cost(joules=7200.0, money=0.5)
    async with running(monkeypatch, prices=Night(), price_per_kwh=own) as budgets:
        await all_of(budgets.around(Model(*TIMED)), call)
        await until(lambda: list(budgets.ledger.rows.values()) == pytest.approx([2.0, money]))


async def test_without_a_price_of_its_own_it_asks_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a kilowatt-hour costs at this hour is what the answer's estimate is priced by."""
    call = a_call(principal=RICH.replace(budgets=(Budget(amount=9, unit="money", period="day"),)))
    async with running(monkeypatch, prices=Night()) as budgets:
        await all_of(budgets.around(Model(*TIMED)), call)
        await until(lambda: list(budgets.ledger.rows.values()) == pytest.approx([0.1 / 1000 * 0.1]))


async def test_callers_without_a_budget_need_no_database(budgets: Running) -> None:
    """They are served while it is away; those with a budget get a 503."""
    budgets.ledger.away = True
    assert await all_of(budgets.around(Model(*HELLO)), a_call()) == list(HELLO)
    model = Model(*HELLO)
    with pytest.raises(Unavailable):
        await all_of(budgets.around(model), a_call(principal=RICH))
    assert model.calls == []


async def test_what_was_reserved_too_much_is_given_back(budgets: Running) -> None:
    """When all has been said, the budget holds what the answer took."""
    await all_of(budgets.around(Model(*HELLO)), a_call(principal=RICH))
    assert await budgets.plugin.health() == {"unsettled": 1}
    await until(lambda: list(budgets.ledger.rows.values()) == [7])
    assert await budgets.plugin.health() == {"unsettled": 0}


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_ends_in_the_middle(budgets: Running, stream: bool) -> None:
    """Streamed or plain, it is read as a stream, ended where the budget ends, and counted."""
    poor = RICH.replace(budgets=(Budget(amount=16, unit="tokens", period="day"),))
    model = Model(*[Chunk(content=str(number)) for number in range(99)], HELLO[-1])
    call = a_call(principal=poor, messages=TEN_WORDS, stream=stream)
    said = []

    async def read() -> None:
        async with aclosing(budgets.around(model)(call)) as chunks:
            async for chunk in chunks:
                said.append(chunk.content)

    with pytest.raises(BudgetSpent, match="16 tokens per day for your key is used up"):
        await read()
    assert said == ["0", "1", "2"]
    assert model.calls[0].stream
    assert model.closed == 1
    with pytest.raises(BudgetSpent):
        await all_of(budgets.around(model), call)
    assert len(model.calls) == 1
    await budgets.has_taken(17)


async def test_the_budgets_of_who_made_a_key_count(budgets: Running) -> None:
    """A key without a budget of its own ends with that of the one it was made by."""
    parent = Principal(id="key:parent", budgets=(Budget(amount=5, unit="tokens", period="month"),))
    call = a_call(principal=Principal(id="key:child", parent=parent))
    await all_of(budgets.around(Model(*HELLO)), call)
    with pytest.raises(BudgetSpent, match="5 tokens per month for the key that made yours"):
        await all_of(budgets.around(Model(*HELLO)), call)


async def test_rules_of_the_file_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys of a tenant share what a rule gives to the tenant."""
    rule = Rule(per="tenant", amount=5, unit="tokens", period="hour")
    async with running(monkeypatch, rule) as budgets:
        await all_of(budgets.around(Model(*HELLO)), a_call(principal=Principal(id="key:a")))
        with pytest.raises(BudgetSpent, match="for your tenant"):
            await all_of(budgets.around(Model(*HELLO)), a_call(principal=Principal(id="key:b")))


async def test_who_leaves_pays_for_what_was_said(budgets: Running) -> None:
    """The prompt and the chunks so far count, and the model is closed."""
    model = Model(*HELLO)
    call = a_call(principal=RICH, messages=TEN_WORDS)
    async with aclosing(budgets.around(model)(call)) as chunks:
        await anext(chunks)
    assert model.closed == 1
    await budgets.has_taken(14)


async def test_who_leaves_a_model_that_reads_pays_for_the_prompt(budgets: Running) -> None:
    """Ollama goes on reading a prompt when its caller has left."""
    asked = asyncio.Event()

    class Reading:
        async def infer(self, call: Call) -> Chunks:
            asked.set()
            await asyncio.Event().wait()
            yield HELLO[0]

    call = a_call(principal=RICH, messages=TEN_WORDS)
    task = asyncio.create_task(all_of(budgets.around(Reading()), call))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await budgets.has_taken(13)


async def test_who_leaves_before_the_model_is_asked_pays_nothing(budgets: Running) -> None:
    """A caller that goes away while its budget is looked up has taken nothing."""
    budgets.ledger.gate = asyncio.Event()
    model = Model(*HELLO)
    task = asyncio.create_task(all_of(budgets.around(model), a_call(principal=RICH)))
    await budgets.ledger.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.calls == []
    budgets.ledger.gate.set()
    await budgets.has_taken(0)


async def test_who_has_the_last_chunk_has_it_all(budgets: Running) -> None:
    """Whether the reader waits for the end of the stream does not matter."""
    async with aclosing(budgets.around(Model(*HELLO))(a_call(principal=RICH))) as chunks:
        async for chunk in chunks:
            if chunk.done:
                break
    await budgets.has_taken(7)


async def test_a_call_that_fails_at_once_takes_nothing(budgets: Running) -> None:
    """What was reserved for it is given back."""
    model = Model(failure=ModelNotFound("not here"))
    with pytest.raises(ModelNotFound):
        await all_of(budgets.around(model), a_call(principal=RICH))
    await budgets.has_taken(0)


async def test_an_answer_that_fails_midway_counts_so_far(budgets: Running) -> None:
    """What was said before the failure was taken."""
    model = Model(HELLO[0], failure=UpstreamInvalid("broken"))
    with pytest.raises(UpstreamInvalid):
        await all_of(budgets.around(model), a_call(principal=RICH, messages=TEN_WORDS))
    await budgets.has_taken(14)


async def test_a_model_that_says_nothing_is_stopped(budgets: Running) -> None:
    """Time that was used up in silence was used."""
    poor = RICH.replace(budgets=(Budget(amount=0.08, unit="gpu_seconds", period="day"),))

    class Silent:
        async def infer(self, call: Call) -> Chunks:
            await asyncio.Event().wait()
            yield HELLO[0]

    with pytest.raises(BudgetSpent):
        await all_of(budgets.around(Silent()), a_call(principal=poor))
    await until(lambda: all(amount >= 0.08 for amount in budgets.ledger.rows.values()))


async def test_cached_answers_are_free(budgets: Running) -> None:
    """Nothing of them counts, and nothing stays reserved."""

    class Cache(Model):
        async def infer(self, call: Call) -> Chunks:
            call.headers["x-localai-cache"] = "hit"
            async with aclosing(super().infer(call)) as chunks:
                async for chunk in chunks:
                    yield chunk

    await all_of(budgets.around(Cache(*TIMED)), a_call(principal=RICH))
    await budgets.has_taken(0)


async def test_a_model_is_loaded_and_unloaded_for_nothing(budgets: Running) -> None:
    """A call that only loads is passed on as it is, with any budget."""
    poor = RICH.replace(budgets=(Budget(amount=0, unit="tokens", period="day"),))
    model = Model(Chunk(done=True, done_reason="load", total_duration=10**9))
    await all_of(budgets.around(model), a_call(principal=poor, messages=(), stream=False))
    assert not model.calls[0].stream
    assert budgets.ledger.writes == 0


async def test_an_embedding_stays_as_it_is(budgets: Running) -> None:
    """It is one chunk in any case; its prompt is reserved, and no answer."""
    model = Model(Chunk(done=True, embeddings=((1.0,),), prompt_eval_count=3))
    call = a_call(kind="embed", stream=False, principal=RICH, messages=(), inputs=("a b",))
    await all_of(budgets.around(model), call)
    assert not model.calls[0].stream
    assert call.headers["x-localai-budget-remaining"] == "999998 tokens"
    await budgets.has_taken(3)


async def test_the_last_settlements_are_made_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is cut by the end of the router is settled."""
    async with running(monkeypatch) as budgets:
        chunks = budgets.around(Model(*HELLO))(a_call(principal=RICH, messages=TEN_WORDS))
        await anext(chunks)
        await chunks.aclose()
    assert list(budgets.ledger.rows.values()) == [14]


async def test_an_internal_call_counts_like_any_other(budgets: Running) -> None:
    """Without an HTTP request it is still somebody's."""
    await all_of(budgets.around(Model(*HELLO)), a_call(connection=None, principal=RICH))
    await budgets.has_taken(7)


@given(
    st.lists(
        st.builds(
            Chunk, content=st.text(max_size=3), thinking=st.text(max_size=3), model=st.just("m")
        ),
        max_size=9,
    ),
    st.integers(0, 9),
)
async def test_a_plain_answer_is_the_sum_of_its_stream(pieces: list[Chunk], room: int) -> None:
    """Within its budget nothing of an answer changes; beyond it nothing at all is answered."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        async with running(monkeypatch) as budgets:
            amount = float(14 + room)
            poor = RICH.replace(budgets=(Budget(amount=amount, unit="tokens", period="day"),))
            call = a_call(principal=poor, messages=TEN_WORDS, stream=False, options=Options(seed=1))
            answer = collect(budgets.around(Model(*pieces, HELLO[-1]))(call))
            if len(pieces) > 1 + room:
                with pytest.raises(BudgetSpent):
                    await answer
                return
            whole = await answer
    assert whole.content == "".join(piece.content for piece in pieces)
    assert whole.thinking == "".join(piece.thinking for piece in pieces)
    assert (whole.done_reason, whole.eval_count) == ("stop", 2)
