"""Digests of models: asked for rarely, by one for all, and kept while Ollama is away."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from localai import UpstreamUnreachable
from plugins.cache import digests as module
from plugins.cache.digests import WAIT, Digests, listed_name
from tests.double import OllamaDouble
from tests.pace import within_async
from tests.support import routing, toml_for


class Ollama:
    """Lists its models; may be away, hang, or answer nonsense."""

    def __init__(self, **models: str) -> None:
        self.models = models
        self.more: list[Any] = []
        self.asked = 0
        self.away = False
        self.answering = asyncio.Event()
        self.answering.set()

    async def installed(self) -> Sequence[Mapping[str, Any]]:
        """Return the list."""
        self.asked += 1
        await self.answering.wait()
        if self.away:
            raise UpstreamUnreachable("no Ollama answers")
        own = [{"name": f"{name}:latest", "digest": of} for name, of in self.models.items()]
        return [*own, *self.more]


class Told:
    """Keeps what changes it is told."""

    def __init__(self) -> None:
        self.changes: dict[str, str] = {}
        self._more = asyncio.Event()

    async def change(self, model: str, digest: str) -> None:
        """Take a change."""
        self.changes[model] = digest
        self._more.set()

    async def until(self, number: int) -> dict[str, str]:
        """Wait for so many models to have changed; return and forget their digests."""
        async with asyncio.timeout(5):
            while len(self.changes) < number:
                self._more.clear()
                await self._more.wait()
        found, self.changes = self.changes, {}
        return found


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


BUILT_IN = {"name": "guide:latest", "digest": "g", "details": {"format": "builtin"}}


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def told() -> Told:
    """Nothing is told yet."""
    return Told()


@pytest.fixture
def ollama() -> Ollama:
    """An Ollama with two models."""
    return Ollama(tiny="1", small="2")


@pytest.fixture
async def digests(ollama: Ollama, clock: Clock, told: Told) -> AsyncIterator[Digests]:
    """The digests of its models, on the clock that stands."""
    made = Digests(ollama.installed, on_change=told.change, clock=clock)
    yield made
    await made.close()


SPELLINGS = [
    "tiny",
    "tiny:latest",
    "TINY",
    "library/Tiny",
    "registry.ollama.ai/library/tiny:latest",
]


@pytest.mark.parametrize("name", SPELLINGS)
async def test_each_spelling_of_a_name_is_the_model(digests: Digests, name: str) -> None:
    """A tag, a case or a host that Ollama takes for the default changes nothing."""
    assert await digests.digest_of(name) == "1"


async def test_names_that_callers_make_up_are_bounded(digests: Digests) -> None:
    """However many names are asked for, no more than some are remembered."""
    for number in range(module.MAX_SPELLED + 100):
        await digests.digest_of(f"made-up-{number}")
    assert len(digests._spelled) == module.MAX_SPELLED
    assert await digests.digest_of("tiny") == "1"


@pytest.mark.parametrize("name", ["tin", "tiny:1b", "other/tiny", "ollama.com/library/tiny", ""])
async def test_other_names_are_unknown(digests: Digests, name: str) -> None:
    """A name that is not in the list has no digest."""
    assert await digests.digest_of(name) == ""


@given(st.from_regex(r"[a-zA-Z0-9./_-]{1,12}(:[a-z0-9]{1,5})?", fullmatch=True))
def test_a_listed_name_is_listed_as_itself(name: str) -> None:
    """What a list has needs no more change."""
    assert listed_name(listed_name(name).upper()) in (
        listed_name(name),
        listed_name(listed_name(name)),
    )


async def test_the_list_is_asked_for_when_somebody_wants_to_know(
    digests: Digests, ollama: Ollama, clock: Clock
) -> None:
    """It is asked at most every two seconds, and not at all while nobody asks."""
    for _ in range(100):
        await digests.digest_of("tiny")
    clock.now += 1.9
    await digests.digest_of("small")
    assert ollama.asked == 1
    clock.now += 1000
    assert ollama.asked == 1
    ollama.models["tiny"] = "3"
    assert await digests.digest_of("tiny") == "3"
    assert ollama.asked == 2


async def test_all_who_ask_wait_for_one_answer(digests: Digests, ollama: Ollama) -> None:
    """Of many who ask at once, one asks Ollama; if that one leaves, the others get its answer."""
    ollama.answering.clear()
    asking = [asyncio.create_task(digests.digest_of("tiny")) for _ in range(100)]
    await asyncio.sleep(0)
    asking[0].cancel()
    with suppress(asyncio.CancelledError):
        await asking[0]
    ollama.answering.set()
    assert set(await asyncio.gather(*asking[1:])) == {"1"}
    assert ollama.asked == 1


async def test_the_first_list_is_waited_for_longer(
    digests: Digests, ollama: Ollama, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before there was a list no last one counts, so a request waits for it."""
    monkeypatch.setattr(module, "WAIT", 0.0)
    monkeypatch.setattr(module, "FIRST_WAIT", 30.0)
    ollama.answering.clear()
    first = asyncio.create_task(digests.digest_of("tiny"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not first.done()
    ollama.answering.set()
    assert await first == "1"


async def test_a_slow_list_is_waited_for_once(
    digests: Digests, ollama: Ollama, clock: Clock
) -> None:
    """While a list does not come, requests wait for a quarter of a second together, then go on
    with the last one; it counts when it comes."""
    assert await digests.digest_of("tiny") == "1"
    clock.now += 3
    ollama.models["tiny"] = "9"
    ollama.answering.clear()
    began = time.monotonic()
    assert await digests.digest_of("tiny") == "1"
    assert time.monotonic() - began >= WAIT * 0.9
    clock.now += WAIT
    async with asyncio.timeout(WAIT * 50):
        for _ in range(100):
            assert await digests.digest_of("tiny") == "1"
    assert ollama.asked == 2
    ollama.answering.set()
    look = digests._look
    assert look is not None
    await look
    assert await digests.digest_of("tiny") == "9"


async def test_the_last_list_counts_while_ollama_is_away(
    digests: Digests, ollama: Ollama, clock: Clock, told: Told
) -> None:
    """Its models keep their digests, it is asked no more often than else, and nothing is told to
    have changed."""
    assert await digests.digest_of("tiny") == "1"
    list_id = digests.list_id
    ollama.away = True
    for _ in range(3):
        clock.now += 3
        for _ in range(10):
            assert await digests.digest_of("tiny") == "1"
    assert ollama.asked == 4
    assert digests.list_id == list_id
    assert told.changes == {}


async def test_nothing_is_known_before_ollama_was_there(digests: Digests, ollama: Ollama) -> None:
    """As long as there was never a list, digests and the list's id are empty."""
    ollama.away = True
    assert await digests.digest_of("tiny") == ""
    assert digests.list_id == ""


async def test_an_endless_list_is_given_up(
    ollama: Ollama, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that never comes is asked for again."""
    monkeypatch.setattr(module, "TIMEOUT", 0.02)
    digests = Digests(ollama.installed, max_age=0)
    ollama.answering.clear()
    assert await digests.digest_of("tiny") == ""
    ollama.answering.set()
    assert await digests.digest_of("tiny") == "1"
    await digests.close()


@pytest.mark.parametrize("nonsense", [3, {}, {"name": 1}, {"digest": "1"}])
async def test_nonsense_changes_nothing(
    digests: Digests, ollama: Ollama, clock: Clock, nonsense: Any
) -> None:
    """A list that is none is logged, and the last one counts."""
    assert await digests.digest_of("tiny") == "1"
    ollama.more = [nonsense]
    clock.now += 3
    with capture_logs() as entries:
        assert await digests.digest_of("tiny") == "1"
    assert [entry["log_level"] for entry in entries] == ["error"]


async def test_changes_are_told(digests: Digests, ollama: Ollama, clock: Clock, told: Told) -> None:
    """Whoever wants to know is told of each model that came, went or changed; the first list is
    no change."""
    await digests.digest_of("tiny")
    ollama.models = {"tiny": "9", "new": "3"}
    assert told.changes == {}
    clock.now += 3
    await digests.digest_of("tiny")
    assert await told.until(3) == {"tiny:latest": "9", "small:latest": "", "new:latest": "3"}
    clock.now += 3
    await digests.digest_of("tiny")
    assert told.changes == {}


async def test_a_change_that_fails_is_logged(ollama: Ollama, clock: Clock) -> None:
    """Whoever is told may fail: the next change is told all the same, and requests see nothing."""
    told: list[str] = []
    done = asyncio.Event()

    async def failing(model: str, digest: str) -> None:
        told.append(model)
        if len(told) == 2:
            done.set()
        raise RuntimeError("no")

    digests = Digests(ollama.installed, on_change=failing, clock=clock)
    await digests.digest_of("tiny")
    ollama.models = {"tiny": "9"}
    clock.now += 3
    with capture_logs() as entries:
        assert await digests.digest_of("tiny") == "9"
        async with asyncio.timeout(5):
            await done.wait()
        await asyncio.sleep(0)
    assert sorted(told) == ["small:latest", "tiny:latest"]
    assert len(entries) == 2
    await digests.close()


async def test_the_list_has_an_id(digests: Digests, ollama: Ollama, clock: Clock) -> None:
    """It changes with models and digests, not with their order, and is the same in another
    process."""

    async def current() -> str:
        clock.now += 3
        await digests.refresh()
        return digests.list_id

    first = await current()
    assert await current() == first
    ollama.models = dict(reversed(ollama.models.items()))
    assert await current() == first
    ollama.models["tiny"] = "9"
    second = await current()
    del ollama.models["small"]
    third = await current()
    assert len({first, second, third}) == 3
    other = Digests(ollama.installed)
    await other.refresh()
    assert other.list_id == third
    await other.close()


async def test_the_built_in_engine_says_nothing_of_ollamas_models(
    digests: Digests, ollama: Ollama, clock: Clock, told: Told
) -> None:
    """While it stands in for Ollama, the models of Ollama keep their digests, and later the other
    way round; the list's id is that of what is listed."""
    assert await digests.digest_of("tiny") == "1"
    list_id = digests.list_id
    models, ollama.models, ollama.more = ollama.models, {}, [BUILT_IN]
    clock.now += 3
    assert await digests.digest_of("tiny") == "1"
    assert await digests.digest_of("guide") == "g"
    assert digests.list_id != list_id
    assert await told.until(1) == {"guide:latest": "g"}
    ollama.models, ollama.more = models, []
    clock.now += 3
    assert await digests.digest_of("guide") == "g"
    assert digests.list_id == list_id
    ollama.models = {}
    clock.now += 3
    assert await digests.digest_of("tiny") == ""
    assert await told.until(2) == {"tiny:latest": "", "small:latest": ""}


async def test_closing_ends_what_runs(ollama: Ollama, told: Told) -> None:
    """Nothing is left behind, and the last list goes on counting."""
    digests = Digests(ollama.installed, max_age=0, on_change=told.change)
    assert await digests.digest_of("tiny") == "1"
    ollama.answering.clear()
    asking = asyncio.create_task(digests.digest_of("tiny"))
    async with asyncio.timeout(5):
        while ollama.asked < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
    await digests.close()
    assert await asking == "1"
    assert await digests.digest_of("tiny") == "1"
    assert ollama.asked == 2
    assert [task for task in asyncio.all_tasks() if task.get_name() == "list of models"] == []


async def listed(digests: Digests, name: str) -> str:
    """Wait until a model is listed, and return its digest."""
    async with asyncio.timeout(10):
        while not (digest := await digests.digest_of(name)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return digest


async def test_ollamas_models_outlive_it(double: OllamaDouble, tmp_path: Path) -> None:
    """A real list of Ollama's is read, and when Ollama is gone and the built-in engine stands in,
    its digests go on counting."""
    toml = toml_for(double.url).replace("never", "auto")
    async with routing(toml, tmp_path) as router:
        digests = Digests(router.gateway.models.installed, max_age=0)
        known = await listed(digests, "tiny")
        assert known in [model.digest for model in double.models if model.short == "tiny:latest"]
        await double.stop()
        await listed(digests, "localai-guide")
        assert await digests.digest_of("tiny") == known
        await digests.close()


@pytest.mark.parametrize("name", ["tiny:latest", "tiny"])
async def test_a_fresh_list_costs_nothing(name: str) -> None:
    """As long as the list is fresh, asking takes a microsecond."""
    ollama = Ollama(tiny="1")
    digests = Digests(ollama.installed, max_age=1000)
    await digests.digest_of(name)

    async def ask_often() -> None:
        for _ in range(10_000):
            await digests.digest_of(name)

    await within_async(10_000 * 1e-6, ask_often)
    await digests.close()
