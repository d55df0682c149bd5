"""Models compared on real requests."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from localai import Principal, SettingsError
from plugins.routing.experiments.plugin import HEADER, Experiments
from plugins.routing.experiments.settings import Experiment
from tests.double import HELLO as TOKENS
from tests.double import Model, OllamaDouble, faults
from tests.pace import within_async
from tests.plugins.support import HELLO, a_call
from tests.plugins.support import Model as Ollama
from tests.support import routing, toml_for

USE = "plugins.routing.experiments.plugin:Experiments"
SETTINGS = f"""
[plugins.trials]
use = "{USE}"
[plugins.trials.experiments.answers]
model = "chat"
variants = {{ "small" = 0.8, "large" = 0.2 }}
"""
CHATS = ["/api/chat", "/v1/chat/completions"]


def plugin(**experiments: Experiment) -> Experiments:
    """Return the plugin with these."""
    return Experiments(Experiments.Config(experiments=dict(experiments)))


def figures(trials: Experiments) -> dict[str, dict[tuple[str, ...], float]]:
    """Return what it has counted."""
    return {each.name: dict(each.values) for each in trials.measures()}


TRIAL = Experiment(model="chat", variants={"small": 0.8, "large": 0.2})


async def test_a_call_gets_its_variant() -> None:
    """In the place of the name that was asked for, marked in the answer."""
    trials = plugin(answers=TRIAL)
    call = a_call(model="Chat:latest")
    found = await trials.before_inference(call)
    assert found == call.replace(model=found.model)
    assert found.model in TRIAL.variants
    assert call.headers == {HEADER: f"answers={found.model}"}
    assert sum(figures(trials)["localai_experiment_exposures_total"].values()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "llama3.2"},
        {"model": "chat", "kind": "embed", "inputs": ("x",), "messages": ()},
        {"model": "chat", "principal": Principal(id="key:1").on_behalf()},
        {"model": "chat", "principal": Principal(id="key:1", models=("chat",))},
    ],
)
async def test_other_calls_are_left_alone(changes: dict[str, Any]) -> None:
    """Other models, embeddings, the router's own calls, and callers who may use no variant."""
    call = a_call(**changes)
    assert await plugin(answers=TRIAL).before_inference(call) is call
    assert await plugin().before_inference(call) is call
    assert not call.headers


async def test_to_load_a_model_is_no_exposure() -> None:
    """It loads the one that this user has."""
    trials = plugin(answers=TRIAL)
    call = a_call(model="chat", messages=())
    assert (await trials.before_inference(call)).model in TRIAL.variants
    assert not call.headers
    assert not sum(figures(trials)["localai_experiment_exposures_total"].values())


async def test_to_deal_a_call_costs_microseconds() -> None:
    """A thousand calls take a few milliseconds."""
    trials = plugin(answers=TRIAL)
    call = a_call(model="chat")

    async def thousand() -> None:
        for _ in range(1000):
            await trials.before_inference(call)

    await within_async(0.02, thousand)


async def test_it_does_not_stand_in_the_way_of_answers() -> None:
    """What is inside of it is what is outside of it; without experiments the application, too."""
    infer, app = Ollama(*HELLO).infer, object()
    assert plugin(answers=TRIAL).around_inference(infer) is infer
    assert plugin().around_app(app) is app


@pytest.mark.parametrize(
    ("experiments", "message"),
    [
        ({"one": TRIAL, "two": TRIAL}, "'one' and 'two' are for the same model"),
        ({"one": Experiment(model="chat", variants={"a": 0})}, "no variant with a weight"),
    ],
)
def test_contradictions_in_the_file_are_named(
    experiments: dict[str, Experiment], message: str
) -> None:
    """Before anybody is asked anything."""
    with pytest.raises(SettingsError, match=message):
        plugin(**experiments)


def body(user: str = "", **more: Any) -> dict[str, Any]:
    """Return a chat, for either wire format."""
    named = {"user": user} if user else {}
    messages = [{"role": "user", "content": "Hello"}]
    return {"model": "chat", "messages": messages, "stream": False} | named | more


def asked(double: OllamaDouble) -> Counter[str]:
    """Return how often each model was asked."""
    return Counter(each.json["model"] for each in double.received if each.path == "/api/chat")


async def chats(double: OllamaDouble, count: int) -> None:
    """Wait until so many chats were asked."""
    async with asyncio.timeout(5):
        while asked(double).total() < count:
            await double.wait_for(len(double.received) + 1)


async def test_it_works_over_http(tmp_path: Path) -> None:
    """Users stay with their variant in both APIs, streamed or not, and all is counted."""
    async with (
        OllamaDouble([Model(name="small"), Model(name="large")]) as double,
        routing(toml_for(double.url, "trials", SETTINGS), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        seen: dict[str, set[str]] = {}
        for number in range(12):
            user = f"user-{number}"
            for path in CHATS:
                for stream in (True, False):
                    answer = await client.post(
                        path, json=body(stream=stream), headers={"x-user-id": user}
                    )
                    assert answer.status_code == 200
                    seen.setdefault(user, set()).add(answer.headers[HEADER])
            named = await client.post("/v1/chat/completions", json=body(user))
            seen[user].add(named.headers[HEADER])
        assert all(len(each) == 1 for each in seen.values())
        assert set.union(*seen.values()) <= {"answers=small", "answers=large"}
        report = (await client.get("/admin/experiments")).json()
        variants = report["experiments"]["answers"]["variants"]
        told = {name: each["exposures"] for name, each in variants.items() if each["exposures"]}
        assert told == asked(double)
        assert sum(each["outcomes"].get("ok", 0) for each in variants.values()) == 60
        assert report["since"]


async def test_each_kind_of_end_is_counted(tmp_path: Path) -> None:
    """Answers, failures, callers who leave, and another model's answers."""
    more = SETTINGS.replace('"large" = 0.2', '"large" = 0')
    more += '[plugins.routing.fallback]\nattempts = 1\nchains = { small = ["large"] }\n'
    async with (
        OllamaDouble([Model(name="small"), Model(name="large")]) as double,
        routing(toml_for(double.url, "trials routing.fallback", more), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        assert (await client.post("/api/chat", json=body())).status_code == 200
        double.fail(faults.runner_gone(), "/api/chat")
        answer = await client.post("/api/chat", json=body())
        assert answer.headers["x-localai-fallback"] == "large; cause=error"
        assert answer.headers[HEADER] == "answers=small"
        for _ in range(2):
            double.fail(faults.runner_gone(), "/api/chat")
        assert (await client.post("/api/chat", json=body())).status_code == 500
        double.fail(faults.Stall(), "/api/chat")
        leaving = asyncio.create_task(client.post("/api/chat", json=body()))
        await chats(double, 6)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        async with asyncio.timeout(5):
            await router.gateway.current.idle()
        report = (await client.get("/admin/experiments")).json()
        small = report["experiments"]["answers"]["variants"]["small"]
        assert small["outcomes"] == {"ok": 1, "fallback": 1, "error": 1, "canceled": 1}
        assert small["exposures"] == 4


async def test_a_shadow_costs_the_caller_nothing(tmp_path: Path) -> None:
    """The caller has its answer while the shadow waits, and the shadow ends by itself."""
    more = SETTINGS + "shadow = { shady = 1.0 }\n"
    gate = asyncio.Event()
    models = [Model(name=name) for name in ("small", "large")]
    models.append(Model(name="shady", load_gate=gate))
    async with (
        OllamaDouble(models) as double,
        routing(toml_for(double.url, "metrics.ledger trials", more), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        answer = await client.post("/api/chat", json=body())
        assert answer.status_code == 200
        assert "shady" not in answer.text + str(answer.headers)
        await chats(double, 2)
        assert asked(double)["shady"] == 1
        gate.set()
        trials = router.gateway.find(Experiments)
        assert trials is not None
        await trials.shadows.finished()
        report = (await client.get("/admin/experiments")).json()
        shadow = report["experiments"]["answers"]["shadows"]["shady"]
        assert shadow["outcomes"] == {"ok": 1}
        assert shadow["tokens"]["mean"] == len(TOKENS)
        usage = router.gateway.usage
        await usage.flush()
        async with router.gateway.database.read() as connection:
            rows = (await connection.execute(usage.table.select())).fetchall()
    booked = {row.key: (row.model, row.completion_tokens) for row in rows}
    assert booked["router:anonymous"] == ("shady:latest", len(TOKENS))
    assert booked["anonymous"][0] != "shady:latest"
