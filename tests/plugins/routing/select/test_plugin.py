"""Requests for `auto` and other policies."""

from pathlib import Path

import msgspec
import pytest

from localai import SettingsError
from plugins.routing.select.plugin import MOST_COUNTED, Select
from tests.double import Model
from tests.pace import within_async
from tests.plugins.routing.select.stage import Stage
from tests.plugins.routing.select.test_candidates import model
from tests.plugins.routing.select.town import CODE, EASY, EMBEDDING, HARD, LARGE, SMALL, WHOLE, town
from tests.plugins.support import a_call

EXAMPLE = (Path(__file__).parents[4] / "examples" / "routing.toml").read_text()


async def test_harder_requests_get_better_models(tmp_path: Path) -> None:
    """A fact is asked of the smallest model, code of the middle one, an analysis of the largest,
    and each answer says which and why."""
    async with town(tmp_path) as here:
        for text, model, floor in (
            (EASY, "qwen2.5:3b", "0.45"),
            (CODE, "qwen2.5:7b", "0.70"),
            (HARD, "qwen2.5:14b", "0.85"),
        ):
            answer = await here.ask(text)
            assert answer.headers["x-localai-model"] == model
            assert answer.json()["model"] == model
            route = answer.headers["x-localai-route"]
            assert route.startswith("auto; complexity=")
            assert f"floor={floor}" in route


async def test_choices_are_counted() -> None:
    """How often each model was chosen is told, for a bounded number of them."""
    stage = Stage(*(model(f"m{number}:1", 7) for number in range(3)))
    for _ in range(2):
        await stage.select.before_inference(a_call(model="auto"))
    (counted,) = stage.select.measures()
    ((labels, count),) = counted.values
    assert (labels[0], count) == ("auto", 2)
    for number in range(2 * MOST_COUNTED):
        stage.select._count("auto", str(number))
    (counted,) = stage.select.measures()
    assert len(counted.values) == MOST_COUNTED + 1
    assert sum(count for _, count in counted.values) == 2 + 2 * MOST_COUNTED


async def test_a_named_model_costs_next_to_nothing() -> None:
    """A request that names its model passes in a few microseconds."""
    select = Stage(model("m:1", 7)).select

    async def hundred() -> None:
        for _ in range(100):
            await select.before_inference(a_call(model="m:1"))

    await within_async(100 * 30e-6, hundred)


async def test_pictures_go_to_a_model_that_sees(tmp_path: Path) -> None:
    """What a request needs is had by the model that it gets."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    content = [{"type": "text", "text": "What is it?"}, picture]
    async with town(tmp_path) as here:
        answer = await here.client.post(
            "/v1/chat/completions",
            json={"model": "auto", "messages": [{"role": "user", "content": content}]},
        )
        assert answer.headers["x-localai-model"] == "llava:13b"


async def test_the_rules_of_the_origins(tmp_path: Path) -> None:
    """Simple and within 2 s goes to 3B, moderate to 7B, all else to 14B."""
    async with town(tmp_path, more=EXAMPLE) as here:
        for text, latency, model in (
            (EASY, "1.5s", "qwen2.5:3b"),
            (EASY, "2", "qwen2.5:3b"),
            (EASY, None, "qwen2.5:14b"),
            (EASY, "5s", "qwen2.5:14b"),
            (CODE, "1500ms", "qwen2.5:7b"),
            (CODE, None, "qwen2.5:7b"),
            (HARD, "1s", "qwen2.5:14b"),
        ):
            headers = {"x-localai-max-latency": latency} if latency else None
            answer = await here.ask(text, "rules", headers)
            assert answer.headers["x-localai-model"] == model
            assert answer.headers["x-localai-route"].endswith("; rule")


async def test_the_rules_of_the_lesson(tmp_path: Path) -> None:
    """Under 100 characters goes to the cheap model, one of four words to the strong one, all else
    to the cheap one."""
    async with town(tmp_path, more=EXAMPLE) as here:
        for text, model in (
            ("Compare!", "qwen2.5:3b"),
            ("Please evaluate what follows. " + "x" * 100, "qwen2.5:14b"),
            ("Explain in detail what follows. " + "x" * 100, "qwen2.5:14b"),
            ("Tell me something. " + "x" * 100, "qwen2.5:3b"),
        ):
            assert await here.model_for(text, "lesson") == model


async def test_the_other_policies_of_the_example(tmp_path: Path) -> None:
    """One takes a quick model also for hard requests, one those that are tagged for code."""
    tagged = EXAMPLE + '\n[plugins.routing.catalogue.models."qwen2.5:14b"]\ntags = ["code"]\n'
    async with town(tmp_path, more=tagged) as here:
        assert await here.model_for(HARD, "fast") == "qwen2.5:3b"
        assert await here.model_for(EASY, "coder") == "qwen2.5:14b"


async def test_a_rule_whose_model_is_not_here_is_passed_over(tmp_path: Path) -> None:
    """The next rule that applies counts, and cost where none is left."""
    more = EXAMPLE + '\n[plugins.routing.select.policies.gone]\nrules = [{ model = "gone" }]\n'
    async with town(tmp_path, SMALL, LARGE, more=more) as here:
        assert await here.model_for(CODE, "rules") == "qwen2.5:14b"
        assert await here.model_for(EASY, "gone") == "qwen2.5:3b"


async def test_named_models_and_aliases_say_so(tmp_path: Path) -> None:
    """Every answer carries the model and the route, also where nothing was chosen."""
    more = '[plugins.routing.aliases.aliases]\n"gpt-4o" = "qwen2.5:7b"\nsmart = "auto"\n'
    async with town(tmp_path, more=more) as here:
        for name, model, route in (
            ("qwen2.5:3b", "qwen2.5:3b", "asked"),
            ("gpt-4o", "qwen2.5:7b", "alias gpt-4o"),
            ("smart", "qwen2.5:14b", "alias smart; auto; complexity="),
            ("Auto:latest", "qwen2.5:14b", "auto; complexity="),
        ):
            answer = await here.ask(HARD, name)
            assert answer.headers["x-localai-model"] == model
            assert answer.headers["x-localai-route"].startswith(route)


async def test_with_the_queue_what_is_in_memory_is_taken(tmp_path: Path) -> None:
    """The first request has its model loaded, and the next ones find it there."""
    async with town(tmp_path, chain=WHOLE) as here:
        first = await here.ask(EASY)
        assert first.headers["x-localai-route"].endswith("cheapest with its load")
        for _ in range(3):
            answer = await here.ask(EASY)
            assert answer.headers["x-localai-model"] == first.headers["x-localai-model"]
            assert answer.headers["x-localai-route"].endswith("cheapest loaded")
        assert here.double.loads == 1


async def test_the_list_has_the_policies(tmp_path: Path) -> None:
    """Policies and aliases are listed, described and shown as models are, in both formats."""
    more = '[plugins.routing.aliases.aliases]\n"gpt-4o" = "qwen2.5:7b"\nsmart = "auto"\n'
    async with town(tmp_path, more=more) as here:
        tags = {
            each["name"]: each for each in (await here.client.get("/api/tags")).json()["models"]
        }
        assert {"auto", "gpt-4o", "smart", "qwen2.5:3b"} <= tags.keys()
        assert tags["gpt-4o"]["localai"] == {"model": "qwen2.5:7b", "alias_of": "qwen2.5:7b"}
        assert tags["auto"]["localai"]["models"] == [
            "llava:13b",
            "qwen2.5:14b",
            "qwen2.5:3b",
            "qwen2.5:7b",
        ]
        assert tags["auto"]["capabilities"] == ["completion", "tools", "vision"]
        assert len({each["digest"] for each in tags.values()}) == len(tags)
        listed = (await here.client.get("/v1/models")).json()["data"]
        owners = {each["id"]: each["owned_by"] for each in listed}
        assert owners["auto"] == owners["gpt-4o"] == "localai"
        assert owners["qwen2.5:3b"] == "library"
        for name in ("auto", "gpt-4o", "smart"):
            described = await here.client.get(f"/v1/models/{name}")
            assert (described.status_code, described.json()["id"]) == (200, name)
            for body in ({"model": name}, {"name": name}):
                shown = await here.client.post("/api/show", json=body)
                assert shown.status_code == 200
                assert "tools" in shown.json()["capabilities"]
                assert any(key.endswith("context_length") for key in shown.json()["model_info"])
        missing = await here.client.post("/api/show", json={"model": "missing"})
        assert missing.status_code == 404


async def test_only_allowed_models_are_chosen(tmp_path: Path) -> None:
    """A key gets the best that it may use, and its list shows what that can do."""
    key = "a-key-that-is-long-enough-for-a-test"
    other = "another-key-that-is-long-enough-for-it"
    may = 'scopes = ["chat", "models:read"]'
    more = f"""
[plugins.auth.static]
keys = [
  {{ name = "small", key = "{key}", models = ["auto", "qwen2.5:3b"], {may} }},
  {{ name = "none", key = "{other}", models = ["auto"], {may} }},
]
"""
    chain = "auth.static routing.hosts routing.catalogue routing.estimate routing.select"
    async with town(tmp_path, more=more, chain=chain) as here:
        small = {"authorization": f"Bearer {key}"}
        answer = await here.ask(HARD, headers=small)
        assert answer.headers["x-localai-model"] == "qwen2.5:3b"
        assert "best available 0.50" in answer.headers["x-localai-route"]
        tags = (await here.client.get("/api/tags", headers=small)).json()["models"]
        assert [each["name"] for each in tags] == ["auto", "qwen2.5:3b"]
        assert tags[0]["localai"]["models"] == ["qwen2.5:3b"]
        none = {"authorization": f"Bearer {other}"}
        assert (await here.ask(HARD, headers=none)).status_code == 403
        assert (await here.client.get("/api/tags", headers=none)).json()["models"] == []


async def test_embeddings_are_pinned(tmp_path: Path) -> None:
    """`auto` embeds with the one model for it, also when another one has come since."""
    async with town(tmp_path, SMALL, EMBEDDING) as here:
        for _ in range(2):
            answer = await here.client.post("/v1/embeddings", json={"model": "auto", "input": "x"})
            assert answer.headers["x-localai-model"] == "nomic-embed-text:latest"
            here.double.add(Model(name="aaa", capabilities=("embedding",), pooling="MEAN"))
            await here.client.post("/api/chat", json={"model": "aaa", "messages": []})


async def test_impossible_haste_is_refused(tmp_path: Path) -> None:
    """A policy without best effort refuses what no model can do, and everyone nonsense."""
    more = "[plugins.routing.select.policies.strict]\nbest_effort = false\n"
    async with town(tmp_path, more=more) as here:
        for latency, code in (
            ("soon", None),
            ("-1s", None),
            ("0", None),
            ("1ms", "max_latency_too_short"),
        ):
            answer = await here.ask(EASY, "strict", {"x-localai-max-latency": latency})
            assert answer.status_code == 400
            error = answer.json()["error"]
            assert error["param"] == "x-localai-max-latency"
            assert error["code"] == code


async def test_a_busy_time_is_told(tmp_path: Path) -> None:
    """What is late only because of a load is refused for as long as that takes, with 503."""
    more = "[plugins.routing.select.policies.strict]\nbest_effort = false\n"
    async with town(tmp_path, LARGE, more=more) as here:
        answer = await here.ask(EASY, "strict", {"x-localai-max-latency": "4s"}, stream=True)
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "too_slow_now"
        assert 5 <= float(answer.headers["retry-after"]) <= 10
        hurried = await here.ask(EASY, "auto", {"x-localai-max-latency": "4s"}, stream=True)
        assert hurried.status_code == 200
        assert "least late" in hurried.headers["x-localai-route"]


async def test_without_models_it_says_what_to_do(tmp_path: Path) -> None:
    """Nothing to choose from is a 404 with the command that helps."""
    async with town(tmp_path, EMBEDDING) as here:
        answer = await here.ask()
        assert answer.status_code == 404
        assert "ollama pull" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "settings",
    [
        {"moderate": 0.7, "complex": 0.6},
        {"horizon": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    """The bounds are in their order, and the horizon is a time."""
    with pytest.raises(SettingsError):
        Select(msgspec.convert(settings, Select.Config, dec_hook=lambda kind, value: kind(value)))
