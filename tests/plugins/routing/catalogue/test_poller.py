"""Asking one host."""

import asyncio
import math
import time

import pytest
from structlog.testing import capture_logs

from localai import UpstreamInvalid, UpstreamUnreachable
from plugins.routing.catalogue import poller as module
from plugins.routing.catalogue.described import Described
from tests.plugins.routing.catalogue.asked import Asked, in_memory, listed, poller
from tests.plugins.routing.fleet import until

AWAY = UpstreamUnreachable("Ollama does not answer")
WRONG = UpstreamInvalid("HTTP 500")


async def test_a_look_finds_models_and_what_is_in_memory() -> None:
    """After a look the models are there with their descriptions, and those in memory."""
    asked = Asked("a:1b", "B")
    asked.answers["/api/ps"] = {"models": [in_memory("B:latest")]}
    one = poller(asked)
    await one.refresh()
    assert list(one.facts()) == ["a:1b", "b:latest"]
    assert one.facts()["a:1b"].kv_bytes == 131_072
    assert list(one.memory.all()) == ["b:latest"]
    assert one.looked_at == pytest.approx(time.monotonic(), abs=5)
    assert asked.asked == ["/api/tags", "/api/ps", "/api/show", "/api/show"]


async def test_only_what_is_new_is_described() -> None:
    """A digest is described once, under whichever name, and again only when it is another."""
    asked = Asked()
    models = [listed("a", digest="x"), listed("copy", digest="x")]
    asked.answers["/api/tags"] = {"models": models}
    described = Described()
    one = poller(asked, described=described)
    await one.refresh()
    await one.refresh()
    assert len(asked.described) == 1
    assert one.facts()["a:latest"].kv_bytes == one.facts()["copy:latest"].kv_bytes > 0
    models[0]["digest"] = "y"
    await poller(asked, described=described).refresh()
    assert asked.described[1:] == ["a:latest"]


async def test_descriptions_are_asked_for_a_few_at_a_time() -> None:
    """A host with a hundred models has no more than a handful of questions to answer at once."""
    asked = Asked(*[f"m{number}" for number in range(100)])
    one = poller(asked)
    await one.refresh()
    assert len(asked.described) == 100
    assert asked.most == module.SHOWS


async def test_a_slow_description_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The list is known at once, the others' descriptions soon, the slow one when it comes."""
    monkeypatch.setattr(module, "PUBLISH", 0.01)
    asked = Asked("slow", "fast")
    asked.gates["slow:latest"] = asyncio.Event()
    seen: list[list[int]] = []
    one = poller(asked, lambda: seen.append([each.kv_bytes for each in one.facts().values()]))
    look = asyncio.create_task(one.refresh())
    await until(lambda: [0, 131_072] in seen)
    assert seen[0] == [0, 0]
    assert list(one.facts()) == ["slow:latest", "fast:latest"]
    asked.gates["slow:latest"].set()
    await look
    assert seen[-1] == [131_072, 131_072]


async def test_what_is_not_described_in_time_is_left_to_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A description that hangs ends with the deadline, and is asked for again."""
    monkeypatch.setattr(module, "SHOW_DEADLINE", 0.02)
    asked = Asked("slow")
    asked.gates["slow:latest"] = asyncio.Event()
    one = poller(asked)
    await one.refresh()
    assert one.facts()["slow:latest"].kv_bytes == 0
    del asked.gates["slow:latest"]
    await one.refresh()
    assert one.facts()["slow:latest"].kv_bytes > 0


async def test_a_description_that_fails_is_said_once() -> None:
    """The model stays with what the list tells; the log has one line until all are described."""
    asked = Asked("a", "b")
    asked.answers["/api/show a:latest"] = WRONG
    one = poller(asked)
    with capture_logs() as lines:
        for _ in range(3):
            await one.refresh()
    assert [(line["event"], line["model"]) for line in lines] == [
        ("a host does not answer", "a:latest")
    ]
    assert one.facts()["a:latest"].parameters == 8_000_000_000
    assert asked.described.count("a:latest") == 3


async def test_a_host_that_is_away_keeps_its_models() -> None:
    """Its list stays, nothing counts as in memory; the log leaves that to who knows the hosts."""
    asked = Asked("a")
    asked.answers["/api/ps"] = {"models": [in_memory("a")]}
    one = poller(asked)
    await one.refresh()
    answer = asked.answers["/api/tags"]
    with capture_logs() as lines:
        asked.answers["/api/tags"] = AWAY
        await one.refresh()
        await one.refresh()
        assert (list(one.facts()), one.memory.all(), one.error) == (
            ["a:latest"],
            {},
            "Ollama does not answer",
        )
        asked.answers["/api/tags"] = answer
        await one.refresh()
    assert lines == []
    assert (one.error, list(one.memory.all())) == ("", ["a:latest"])


async def test_a_host_that_is_no_ollama_is_said_once() -> None:
    """What answers with something else is in the log until it has given its list."""
    asked = Asked("a")
    answer = asked.answers["/api/tags"]
    one = poller(asked)
    with capture_logs() as lines:
        for given in (WRONG, WRONG, answer, WRONG):
            asked.answers["/api/tags"] = given
            await one.refresh()
    assert [(line["path"], line["host"]) for line in lines] == [("/api/tags", "one:1")] * 2
    assert one.error == "HTTP 500"


async def test_without_what_is_in_memory_the_list_is_still_good() -> None:
    """A host that does not tell what it has loaded counts as one that has nothing loaded."""
    asked = Asked("a")
    asked.answers["/api/ps"] = WRONG
    one = poller(asked)
    with capture_logs() as lines:
        await one.refresh()
        await one.refresh()
    assert [line["path"] for line in lines] == ["/api/ps"]
    assert (list(one.facts()), one.error, one.memory.all()) == (["a:latest"], "", {})


async def test_nonsense_is_said_once() -> None:
    """Entries that are no models are counted in one line, until their number changes."""
    asked = Asked("a")
    asked.answers["/api/tags"]["models"] += [7, None]
    one = poller(asked)
    with capture_logs() as lines:
        await one.refresh()
        await one.refresh()
        asked.answers["/api/tags"]["models"] += [8]
        await one.refresh()
    assert [line["entries"] for line in lines] == [2, 3]
    assert list(one.facts()) == ["a:latest"]


async def test_looks_that_are_wanted_together_are_one() -> None:
    """Whoever asks while a look runs gets the next one, which all of them share."""
    asked = Asked()
    gate = asked.gates["/api/tags"] = asyncio.Event()
    one = poller(asked)
    first = asyncio.create_task(one.refresh())
    await until(lambda: asked.asked)
    others = [asyncio.create_task(one.refresh()) for _ in range(20)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *others)
    assert asked.asked.count("/api/tags") == 2


async def test_who_leaves_does_not_end_the_look_of_others() -> None:
    """A caller that is cancelled leaves the look to those that wait too."""
    asked = Asked("a")
    gate = asked.gates["/api/tags"] = asyncio.Event()
    one = poller(asked)
    leaving, staying = (asyncio.create_task(one.refresh()) for _ in range(2))
    await until(lambda: asked.asked)
    leaving.cancel()
    gate.set()
    await staying
    assert list(one.facts()) == ["a:latest"]


async def test_nothing_runs_after_the_end() -> None:
    """At the end a look is over, with the descriptions that it wants, and nobody waits for it."""
    asked = Asked("a", "b")
    asked.gates["a:latest"] = asyncio.Event()
    one = poller(asked)
    waiting = [asyncio.create_task(one.refresh())]
    await until(lambda: asked.described)
    waiting.append(asyncio.create_task(one.refresh()))
    await asyncio.sleep(0)
    await one.stop()
    await asyncio.gather(*waiting)
    assert len(asyncio.all_tasks()) == 1


async def test_another_one_can_go_on() -> None:
    """What one has seen of a host the next one has from its start."""
    asked = Asked("a")
    asked.answers["/api/ps"] = {"models": [in_memory("a")]}
    described = Described()
    before, after = (poller(asked, described=described) for _ in range(2))
    assert (after.looked_at, list(after.facts())) == (-math.inf, [])
    await before.refresh()
    after.adopt(before)
    assert (after.looked_at, after.facts()) == (before.looked_at, before.facts())
    assert list(after.memory.all()) == ["a:latest"]
