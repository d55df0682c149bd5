"""One call within its budgets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from localai import BudgetSpent, Call, Chunk, Chunks, Message, Options, Unavailable
from plugins.auth.budgets.accounts import Accounts, Claim
from plugins.auth.budgets.meter import Amounts, Meter, Tariff
from plugins.auth.budgets.rules import Account
from plugins.auth.budgets.spending import BLOCK, Speed, Spending
from tests.plugins.auth.budgets.support import (
    SECONDS,
    TOKENS,
    MemoryLedger,
    accounting,
    settled,
    until,
)
from tests.plugins.support import HELLO, Model, a_call

TARIFF = Tariff(watts=120.0, per_kwh=0.30, per_million_tokens=0.0)
SPEED = Speed(tariff=TARIFF, tokens_per_second=20.0)
FAST = Speed(tariff=TARIFF, tokens_per_second=10_000.0)
"""By which next to no time is reserved."""
TEN_WORDS = (Message(role="user", content="a b c d e f g h i j"),)
"""13 tokens, by the estimate."""
WH = Account("key:a", "wh", "day", 1, "your key")
MONEY = Account("key:a", "money", "month", 0.002, "your key")


@pytest.fixture
def ledger() -> MemoryLedger:
    """An empty ledger."""
    return MemoryLedger()


@pytest.fixture
async def accounts(ledger: MemoryLedger) -> AsyncIterator[Accounts]:
    """Accounts on the ledger."""
    async with accounting(ledger) as running:
        yield running


def spends(
    accounts: Accounts, *budgets: Account, call: Call | None = None, speed: Speed = SPEED
) -> Spending:
    """Return what a call of ten words spends."""
    call = call or a_call(messages=TEN_WORDS)
    meter = Meter(call)
    meter.start()
    return Spending(call, budgets, accounts, meter, speed)


@pytest.mark.parametrize(
    ("call", "tokens"),
    [
        (a_call(messages=TEN_WORDS), 13 + 256),
        (a_call(messages=TEN_WORDS, options=Options(num_predict=50)), 13 + 50),
        (a_call(messages=TEN_WORDS, options=Options(num_predict=9999)), 13 + 1024),
        (a_call(messages=TEN_WORDS, options=Options(num_predict=-1)), 13 + 256),
        (a_call(kind="embed", messages=(), inputs=("a b c d e f g h i j",)), 13),
    ],
)
async def test_a_call_reserves_what_it_is_likely_to_take(
    accounts: Accounts, ledger: MemoryLedger, call: Call, tokens: int
) -> None:
    """The prompt, and the answer's length as far as the call tells, but no more than 1024."""
    await spends(accounts, TOKENS._replace(limit=10_000), call=call).begin()
    assert ledger.taken(TOKENS) == tokens


async def test_time_and_money_are_reserved_by_the_usual_speed(
    accounts: Accounts, ledger: MemoryLedger
) -> None:
    """256 tokens at 20 a second, and the prompt ten times as fast, at 120 W and 0.30 a kWh."""
    await spends(accounts, SECONDS, WH, MONEY).begin()
    seconds = (256 + 1.3) / 20
    assert ledger.taken(SECONDS) == pytest.approx(seconds)
    assert ledger.taken(WH) == pytest.approx(seconds / 30)
    assert ledger.taken(MONEY) == pytest.approx(seconds / 30 / 1000 * 0.30)


async def test_the_caller_is_told_what_is_left_of_the_tightest(accounts: Accounts) -> None:
    """The header names tokens or money, whichever there is relatively less of; never time."""
    call = a_call(messages=TEN_WORDS)
    await spends(accounts, SECONDS, call=call).begin()
    assert call.headers == {}
    await spends(accounts, SECONDS, TOKENS, MONEY._replace(limit=1000), call=call).begin()
    assert call.headers == {"x-localai-budget-remaining": "731 tokens"}
    await spends(accounts, TOKENS._replace(limit=9999), MONEY, call=call).begin()
    assert call.headers == {"x-localai-budget-remaining": "0.001743 money"}


async def test_a_prompt_that_does_not_fit_is_refused_before_it_runs(accounts: Accounts) -> None:
    """There must be room for the prompt and a first token; for more there need not be."""
    await spends(accounts, TOKENS._replace(limit=14)).begin()
    with pytest.raises(BudgetSpent, match=r"needs about 14 tokens, and .* 13 left"):
        await spends(accounts, TOKENS._replace(subject="key:b", limit=13)).begin()


async def test_a_reservation_grows_with_the_answer(
    accounts: Accounts, ledger: MemoryLedger
) -> None:
    """It is extended by a block with the first token beyond it, and not before."""
    call = a_call(messages=TEN_WORDS)
    meter = Meter(call)
    meter.start()
    spending = Spending(call, (TOKENS,), accounts, meter, SPEED)
    await spending.begin()
    meter.pieces = 256
    await spending.cover()
    assert ledger.writes == 1
    meter.pieces += 1
    await spending.cover()
    assert ledger.taken(TOKENS) == 13 + 256 + 1 + BLOCK
    spending.settle(meter.amounts(TARIFF))
    await settled(accounts)
    assert ledger.taken(TOKENS) == 13 + 257


async def test_an_answer_ends_where_its_budget_does(
    accounts: Accounts, ledger: MemoryLedger
) -> None:
    """The first token that finds no room raises, and what the answer took stays booked."""
    call = a_call(messages=TEN_WORDS)
    meter = Meter(call)
    meter.start()
    spending = Spending(call, (TOKENS._replace(limit=20),), accounts, meter, SPEED)
    await spending.begin()
    meter.pieces = 7
    await spending.cover()
    meter.pieces = 8
    with pytest.raises(BudgetSpent, match="is used up"):
        await spending.cover()
    spending.settle(meter.amounts(TARIFF))
    await settled(accounts)
    assert ledger.taken(TOKENS) == 21


async def test_an_answer_that_runs_is_never_told_that_a_little_is_left(
    accounts: Accounts,
) -> None:
    """Less than it has taken already is nothing to it: its budget is used up."""
    budget = TOKENS._replace(limit=24)
    (other,) = await accounts.reserve([Claim(budget, 4, 1)])
    call = a_call(messages=TEN_WORDS)
    meter = Meter(call)
    meter.start()
    spending = Spending(call, (budget,), accounts, meter, SPEED)
    await spending.begin()
    accounts.settle([other], 2)
    meter.pieces = 10
    with pytest.raises(BudgetSpent, match="is used up"):
        await spending.cover()


async def test_an_answer_is_extended_once(accounts: Accounts, ledger: MemoryLedger) -> None:
    """Time and tokens that run out together make one reservation."""
    call = a_call(messages=TEN_WORDS)
    meter = Meter(call)
    meter.start()
    spending = Spending(call, (TOKENS,), accounts, meter, SPEED)
    await spending.begin()
    meter.pieces = 257
    await asyncio.gather(spending.cover(), spending.cover())
    assert ledger.writes == 2


async def test_the_price_of_tokens_is_looked_at_with_each(accounts: Accounts) -> None:
    """Where tokens cost money, no chunk comes without a look at it."""
    speed = Speed(
        tariff=Tariff(watts=0.0, per_kwh=0.0, per_million_tokens=1e6), tokens_per_second=20.0
    )
    budget = MONEY._replace(limit=16)
    call = a_call(messages=TEN_WORDS)
    meter = Meter(call)
    meter.start()
    spending = Spending(call, (budget,), accounts, meter, speed)
    await spending.begin()
    assert spending.room == 0
    meter.pieces = 3
    await spending.cover()
    meter.pieces = 4
    with pytest.raises(BudgetSpent, match="16 in money per month"):
        await spending.cover()


async def test_an_answer_that_runs_stops_without_the_database(
    accounts: Accounts, ledger: MemoryLedger
) -> None:
    """What can't be reserved is not given."""
    call = a_call(messages=TEN_WORDS)
    meter = Meter(call)
    meter.start()
    spending = Spending(call, (TOKENS,), accounts, meter, SPEED)
    await spending.begin()
    ledger.away = True
    meter.pieces = 257
    with pytest.raises(Unavailable):
        await spending.cover()


class Silent:
    """A model that says one thing and then nothing until `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.closed = False

    async def infer(self, call: Call) -> Chunks:
        """Answer a call."""
        try:
            yield HELLO[0]
            await self.go.wait()
            for chunk in HELLO[1:]:
                yield chunk
        finally:
            self.closed = True


async def read(spending: Spending, model: Model | Silent) -> list[Chunk]:
    """Return all chunks of an answer in its time."""
    async with asyncio.timeout(5), aclosing(spending.around(model.infer)) as timed:
        return [chunk async for chunk in timed]


async def test_time_is_up_for_a_silent_model_too(accounts: Accounts) -> None:
    """When no more time can be had, the answer ends, though nothing comes that could be counted."""
    spending = spends(accounts, SECONDS._replace(limit=0.05), speed=FAST)
    model = Silent()
    await spending.begin()
    with pytest.raises(BudgetSpent, match=r"0\.05 GPU-seconds per hour for your tenant is used up"):
        await read(spending, model)
    assert model.closed
    assert spending.refusal is not None


async def test_a_silent_model_gets_more_time_while_there_is_some(
    accounts: Accounts, ledger: MemoryLedger
) -> None:
    """The wait goes on undisturbed while its reservation grows."""
    spending = spends(accounts, SECONDS, speed=FAST)
    model = Silent()
    await spending.begin()
    reading = asyncio.create_task(read(spending, model))
    await until(lambda: ledger.writes > 3)
    model.go.set()
    assert await reading == list(HELLO)


async def test_energy_and_money_have_their_time_too(accounts: Accounts) -> None:
    """A budget in Wh or money is used up by a silent model as well."""
    for budget in (WH._replace(limit=0.002), MONEY._replace(limit=6e-7)):
        spending = spends(accounts, budget, speed=FAST)
        await spending.begin()
        with pytest.raises(BudgetSpent):
            await read(spending, Silent())


async def test_a_reader_that_is_slow_is_told_with_the_next_chunk(accounts: Accounts) -> None:
    """Time that is up while nobody waits for the model ends the answer all the same."""
    spending = spends(accounts, SECONDS._replace(limit=0.05), speed=FAST)
    await spending.begin()
    async with aclosing(spending.around(Model(*HELLO).infer)) as chunks:
        await anext(chunks)
        await until(lambda: spending.refusal)
        with pytest.raises(BudgetSpent):
            await anext(chunks)


async def test_only_time_is_watched(accounts: Accounts) -> None:
    """Tokens come by themselves: an answer that costs nothing else is passed on as it is."""
    made = []

    def infer(call: Call) -> Chunks:
        made.append(Model(*HELLO).infer(call))
        return made[0]

    async with aclosing(spends(accounts, TOKENS).around(infer)) as chunks:
        assert chunks is made[0]


async def test_a_failure_of_the_model_is_its_own(accounts: Accounts) -> None:
    """A timeout that is not the budget's passes through."""
    spending = spends(accounts, SECONDS)
    await spending.begin()
    with pytest.raises(TimeoutError, match="mine"):
        await read(spending, Model(HELLO[0], failure=TimeoutError("mine")))
    assert spending.refusal is None


async def test_a_fault_of_the_watch_ends_the_answer(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where time can't be watched any more, nothing goes on unwatched."""
    spending = spends(accounts, SECONDS._replace(limit=0.05), speed=FAST)
    await spending.begin()

    async def fails() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(spending, "cover", fails)
    with pytest.raises(RuntimeError, match="a bug"):
        await read(spending, Silent())


async def test_nothing_reserved_is_nothing_to_settle(
    accounts: Accounts, ledger: MemoryLedger
) -> None:
    """A call that was refused at once leaves no trace."""
    spending = spends(accounts, TOKENS._replace(limit=0))
    with pytest.raises(BudgetSpent):
        await spending.begin()
    spending.settle(Amounts(0, 0, 0, 0))
    assert ledger.rows == {}
