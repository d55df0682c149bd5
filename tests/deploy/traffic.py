"""Traffic in which everything happens that a panel of the dashboard shows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.deploy.prometheus import PATIENCE
from tests.deploy.router import KEYS, Running
from tests.double import Script, faults
from tests.integration.box import EMBEDDING, LARGE, SMALL, WIRES, body, chats, until

CARD = "4111 1111 1111 1111"
LONG_ENOUGH = 24
"""Tokens from which an answer tells how fast its model is."""


EVENTS = (
    'localai_inference_requests_total{outcome="ok"}',
    'localai_inference_requests_total{outcome="canceled"}',
    'localai_inference_requests_total{outcome="ModelNotFound"}',
    'localai_http_requests_total{route="none", status="404"}',
    *(
        f'localai_cache_requests_total{{result="{each}"}}'
        for each in ("hit", "join", "miss", "bypass")
    ),
    *(f'localai_limit_refusals_total{{limit="{each}"}}' for each in ("rate", "budget", "door")),
    *(f'localai_reloads_total{{outcome="{each}"}}' for each in ("ok", "failed")),
    'localai_guardrail_decisions_total{guard="pii", action="redact"}',
    'gen_ai_server_request_duration_seconds_count{error_type!=""}',
    'localai_energy_attributed_joules_total{source="measured"}',
    "localai_queue_refused_total",
    "localai_retries_mended_total",
    "localai_fallbacks_total",
    "localai_default_answers_total",
    "localai_cache_saved_joules_total",
    "localai_experiment_shadows_total",
)
"""What has happened then, as Prometheus knows it."""
Look = Callable[[], Awaitable[None]]
"""Waits until Prometheus has looked at what is just now."""


async def everything(router: Running, name: str, look: Look) -> None:
    """Have everything happen once; `name` makes questions that were not asked before."""
    await _plain(router, name)
    await _cached(router, name)
    await _refused(router, name)
    await _remedied(router, name)
    await _queued(router, name, look)
    await _trials(router, name)
    await _reloads(router)


async def ask(router: Running, text: str, path: str = WIRES[0], **more: Any) -> int:
    """Send a chat; return the status of the answer."""
    headers = more.pop("headers", {})
    answer = await router.client.post(path, json=body(text, **more), headers=headers)
    return answer.status_code


async def _plain(router: Running, name: str) -> None:
    for path in WIRES:
        for stream in (False, True):
            assert await ask(router, f"Hello, {name}", path, stream=stream) == 200
    assert await ask(router, f"Which model, {name}?", model="auto") == 200
    texts = {"model": EMBEDDING, "input": [name, f"{name} again"]}
    assert (await router.client.post("/v1/embeddings", json=texts)).status_code == 200
    prompt = {"model": SMALL, "prompt": name, "stream": False}
    assert (await router.client.post("/api/generate", json=prompt)).status_code == 200
    router.double.script(Script(tokens=(" word",) * LONG_ENOUGH))
    assert await ask(router, f"Say more, {name}") == 200
    router.double.script(Script(tokens=("Pay with ", CARD)))
    assert await ask(router, f"Which card, {name}?") == 200


async def _cached(router: Running, name: str) -> None:
    """A miss, a hit, and two that ask the same at the same time."""
    exact: dict[str, Any] = {"options": {"temperature": 0}}
    for _ in range(2):
        assert await ask(router, f"What, {name}?", **exact) == 200
    gate = asyncio.Event()
    before = len(chats(router.double))
    router.double.script(Script(gate=gate, gate_at=1))
    asked = [asyncio.create_task(ask(router, f"Both, {name}?", **exact)) for _ in range(2)]
    await until(lambda: len(chats(router.double)) > before)
    gate.set()
    assert await asyncio.gather(*asked) == [200, 200]


async def _refused(router: Running, name: str) -> None:
    """By no route, no model, a limit, a budget, and the door."""
    # The second time the door knows this address.
    assert (await router.client.get("/nowhere")).status_code in (404, 429)
    assert await ask(router, name, model="unknown") == 404
    for key in ("slow", "slow", "poor", "poor"):
        status = await ask(router, name, headers={"authorization": f"Bearer {KEYS[key]}"})
        assert status in (200, 429)
    for _ in range(4):
        status = await ask(router, name, headers={"authorization": "Bearer wrong"})
        assert status in (401, 429)


async def _remedied(router: Running, name: str) -> None:
    """A retry that mends it, another model, the default text; and one who leaves."""
    # As many as there are attempts: what is left would befall others.
    for failures, model in ((1, SMALL), (3, LARGE), (3, SMALL)):
        for _ in range(failures):
            router.double.fail(faults.runner_gone(), "/api/chat")
        assert await ask(router, f"{failures} failures, {name}", model=model) == 200
    gate = asyncio.Event()
    router.double.script(Script(gate=gate, gate_at=1))
    async with router.client.stream("POST", WIRES[0], json=body(name, stream=True)) as answer:
        await anext(answer.aiter_lines())  # and leaves
    await until(lambda: chats(router.double)[-1].finished.is_set())
    gate.set()


async def _queued(router: Running, name: str, look: Look) -> None:
    """One that runs, one that waits, one that is refused."""
    gate = asyncio.Event()
    before = len(chats(router.double))
    router.double.script(Script(gate=gate))
    first = asyncio.create_task(ask(router, f"First, {name}"))
    await until(lambda: len(chats(router.double)) > before)
    waits = asyncio.create_task(ask(router, f"Second, {name}"))
    async with asyncio.timeout(PATIENCE):
        while await _waiting(router) < 1:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.02)
    assert await ask(router, f"Third, {name}") == 503
    await look()
    gate.set()
    assert [await first, await waits] == [200, 200]


async def _waiting(router: Running) -> int:
    """Return how many requests wait for a model."""
    queue = (await router.client.get("/admin/queue")).json()
    return sum(each["waiting"] for each in queue["models"])


async def _trials(router: Running, name: str) -> None:
    for user in range(4):
        headers = {"x-user-id": f"{name}-{user}"}
        assert await ask(router, f"{name}, {user}", model="trial", headers=headers) == 200


async def _reloads(router: Running) -> None:
    """A file that is right is taken, one that is wrong is not."""
    text = router.file.read_text()
    for change, status in (("[server\n", 400), (f"{text}\n# changed\n", 200)):
        router.file.write_text(change)
        answer = await router.client.post("/admin/reload")
        assert (answer.status_code == 200) == (status == 200), answer.text
