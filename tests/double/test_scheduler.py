"""Loading, reloading, expiry, and who waits where."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.double import Model, OllamaDouble, Script

BUSY = "server busy, please try again.  maximum pending requests exceeded"


async def ask(http: httpx.AsyncClient, **request: Any) -> httpx.Response:
    """Generate with the smallest model unless told otherwise."""
    return await http.post(
        "/api/generate", json={"model": "tiny", "prompt": "Hi", "stream": False, **request}
    )


async def test_runner_options_reload_and_others_do_not(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Another `num_ctx`, `num_gpu` or `shift` reloads the model, a temperature does not."""
    await ask(http)
    await ask(http, options={"temperature": 0.1, "seed": 1, "unknown": "x", "num_ctx": None})
    assert (double.loads, double.reloads) == (1, 0)
    await ask(http, options={"num_ctx": 2048})
    await ask(http, options={"num_ctx": 2048})
    await ask(http, options={"num_ctx": 2048, "num_gpu": 1})
    await ask(http, options={"num_ctx": 2048, "num_gpu": 1}, shift=False)
    assert (double.loads, double.reloads) == (4, 3)


async def test_the_context_is_capped_and_has_a_least_size(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """`num_ctx` stays between 4 (2048 with vision) and what the model was trained for."""
    for model, given, used in (("tiny", 10**6, 4096), ("tiny", 1, 4), ("tiny-vision", 1, 2048)):
        await ask(http, model=model, options={"num_ctx": given})
        assert double.loaded[f"{model}:latest"].options["num_ctx"] == used


async def test_zero_unloads_after_the_answer(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """`keep_alive` 0 unloads the model right after this answer."""
    await ask(http, keep_alive=0)
    assert (double.loads, double.loaded) == (1, {})


async def test_a_model_expires(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A model is unloaded when its time is over, counted from its last answer."""
    await ask(http)
    runner = double.loaded["tiny:latest"]
    await ask(http, keep_alive="1ms")
    async with asyncio.timeout(5):
        await runner.unloaded.wait()
    assert not double.loaded


async def test_a_fourth_model_pushes_out_an_idle_one(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Three models fit; one more takes the place of the shortest-lived."""
    for model, span in (("tiny", "9m"), ("tiny-tools", "1m"), ("tiny-think", "9m")):
        await ask(http, model=model, keep_alive=span)
    await ask(http, model="tiny-vision")
    assert sorted(double.loaded) == ["tiny-think:latest", "tiny-vision:latest", "tiny:latest"]


async def test_one_answer_at_a_time_per_model(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A second request for a loaded model waits without limit, and without a 503."""
    double.scheduler.max_queue = 0
    await ask(http, prompt="")
    gate = asyncio.Event()
    double.script(Script(gate=gate))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(ask(http))
        await double.wait_for(2)
        second = group.create_task(ask(http))
        await double.wait_for(3)
        await http.get("/")
        assert not double.received[2].started.is_set()
        gate.set()
    assert (first.result().status_code, second.result().status_code) == (200, 200)


async def test_parallel_answers_are_bounded_by_num_parallel() -> None:
    """With two slots two answers run at a time."""
    gate = asyncio.Event()
    async with (
        OllamaDouble(num_parallel=2) as double,
        httpx.AsyncClient(base_url=double.url) as http,
        asyncio.TaskGroup() as group,
    ):
        double.script(*[Script(gate=gate, gate_at=1) for _ in range(2)])
        tasks = [group.create_task(ask(http, stream=True)) for _ in range(2)]
        for received in await double.wait_for(2):
            await received.started.wait()
        gate.set()
        assert [(await task).status_code for task in tasks] == [200, 200]


@pytest.mark.parametrize(
    "model",
    [Model(name="one", family="qwen35moe"), Model(name="one", pooling="MEAN")],
    ids=["family", "embedding"],
)
async def test_some_models_run_one_answer_at_a_time(model: Model) -> None:
    """Families that can't batch, and embedding models, have one slot whatever is set."""
    async with (
        OllamaDouble([model], num_parallel=4) as double,
        httpx.AsyncClient(base_url=double.url) as http,
    ):
        await http.post("/api/embed", json={"model": "one"})
        slots = double.loaded["one:latest"].slots
        await slots.acquire()
        assert slots.locked()


async def test_the_context_of_models_that_say_none_can_be_set() -> None:
    """A server with much memory gives 262144 tokens to whoever asks for no other number."""
    models = [
        Model(name="a", context_length=10**6),
        Model(name="b", context_length=10**6, parameters={"num_ctx": 8192}),
    ]
    async with (
        OllamaDouble(models, num_ctx=262_144) as double,
        httpx.AsyncClient(base_url=double.url) as http,
    ):
        for name in "ab":
            await ask(http, model=name)
        shown = (await http.get("/api/ps")).json()["models"]
    assert {each["name"]: each["context_length"] for each in shown} == {
        "a:latest": 262_144,
        "b:latest": 8192,
    }


async def test_the_queue_bounds_loads_only(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A load beyond the queue is a 503; joining a load that runs is not."""
    double.scheduler.max_queue = 1
    gate = asyncio.Event()
    double.add(Model(name="slow", load_gate=gate))
    async with asyncio.TaskGroup() as group:
        loading = group.create_task(ask(http, model="slow"))
        await double.wait_for(1)
        waiting = group.create_task(ask(http))
        await double.wait_for(2)
        joining = group.create_task(ask(http, model="slow"))
        await double.wait_for(3)
        refused = await ask(http, model="tiny-tools")
        gate.set()
    assert (refused.status_code, refused.json()) == (503, {"error": BUSY})
    answers = [task.result().status_code for task in (loading, waiting, joining)]
    assert (answers, double.loads) == ([200, 200, 200], 2)


async def test_nothing_is_sent_while_a_model_loads(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Not even headers leave before the load is done."""
    gate = asyncio.Event()
    double.add(Model(name="slow", load_gate=gate))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ask(http, model="slow", stream=True))
        (received,) = await double.wait_for(1)
        await http.get("/")
        assert (received.status, list(double.loaded)) == (0, ["slow:latest"])
        gate.set()
    assert task.result().status_code == 200


async def test_a_load_ends_with_its_client(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A client that leaves during the load cancels it; the status would be 499."""
    double.add(Model(name="slow", load_gate=asyncio.Event()))
    task = asyncio.create_task(ask(http, model="slow"))
    (received,) = await double.wait_for(1)
    task.cancel()
    async with asyncio.timeout(5):
        await received.disconnected.wait()
    assert (received.status, double.loaded, double.loads) == (499, {}, 0)


async def test_a_failed_load_says_why(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A model that can't be loaded is a 500 with the reason."""
    reason = "llama-server process has terminated: exit status 2"
    double.add(Model(name="broken", load_error=reason))
    answer = await ask(http, model="broken")
    assert (answer.status_code, answer.json()) == (500, {"error": reason})
    assert not double.loaded


async def test_a_busy_model_is_unloaded_when_free(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """An unload lets the running answer end first."""
    gate = asyncio.Event()
    double.script(Script(gate=gate))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ask(http))
        await double.wait_for(1)
        await ask(http, prompt="", keep_alive=0)
        assert double.loaded
        gate.set()
    assert (task.result().status_code, double.loaded) == (200, {})
