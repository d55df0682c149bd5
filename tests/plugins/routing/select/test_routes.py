"""`POST /admin/route/explain`."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.plugins.routing.select.test_plugin import EXAMPLE
from tests.plugins.routing.select.town import CODE, EASY, HARD, town


async def explain(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    """Ask why."""
    return await client.post("/admin/route/explain", json=body)


async def test_a_choice_is_explained_with_all_its_terms(tmp_path: Path) -> None:
    """Complexity, floor, needs, and each candidate on each host with its terms or why it is out;
    no model is asked."""
    async with town(tmp_path) as here:
        before = len(here.double.received)
        answer = await explain(here.client, messages=[{"role": "user", "content": CODE}])
        assert answer.status_code == 200
        told = answer.json()
        assert told["model"] == "qwen2.5:7b"
        assert told["route"].startswith("auto; complexity=0.5")
        assert (told["by"], told["policy"]) == ("cost", "auto")
        assert told["complexity"]["level"] == "moderate"
        assert told["complexity"]["features"]["code"] == {"value": 1.0, "weight": 0.45}
        assert (told["need"]["floor"], told["need"]["held_floor"]) == (0.7, 0.7)
        assert told["need"]["capabilities"] == ["completion"]
        assert told["need"]["max_total_seconds"] is None
        rows = {row["model"]: row for row in told["candidates"]}
        assert [name for name, row in rows.items() if row["chosen"]] == ["qwen2.5:7b"]
        assert rows["qwen2.5:3b"]["out"] == "quality below 0.70"
        assert rows["qwen2.5:7b"]["out"] is None
        row = rows["qwen2.5:14b"]
        assert (row["host"], row["loaded"]) == ("1", False)
        assert row["seconds"]["load"] > 1
        assert row["joules"] > 0
        assert sum(row["money"].values()) == pytest.approx(row["cost"])
        assert row["cost"] > rows["qwen2.5:7b"]["cost"]
        asked = [each.path for each in here.double.received[before:]]
        assert not {"/api/chat", "/api/generate"} & set(asked)
        assert (await here.ask(CODE)).headers["x-localai-model"] == told["model"]


async def test_a_prompt_and_an_alias_do_too(tmp_path: Path) -> None:
    """The body may be a prompt, and its model an alias of a policy."""
    more = '[plugins.routing.aliases.aliases]\nsmart = "auto"\n'
    async with town(tmp_path, more=more) as here:
        told = (await explain(here.client, prompt=HARD, model="smart")).json()
        assert (told["policy"], told["model"]) == ("auto", "qwen2.5:14b")


async def test_needs_of_openai_requests_are_read(tmp_path: Path) -> None:
    """Pictures, tools, a schema, limits and the time that is left count."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    content = [{"type": "text", "text": EASY}, picture]
    async with town(tmp_path) as here:
        answer = await here.client.post(
            "/admin/route/explain",
            json={
                "messages": [{"role": "user", "content": content}],
                "max_tokens": 7,
                "stream": True,
                "temperature": 1,
                "response_format": {"type": "json_schema", "json_schema": {"schema": {}}},
            },
            headers={"x-localai-max-latency": "3s"},
        )
        told = answer.json()
        assert told["need"]["capabilities"] == ["completion", "vision"]
        assert (told["need"]["answer_tokens"], told["need"]["max_first_token_seconds"]) == (7, 3)
        assert {"images", "schema"} <= told["complexity"]["features"].keys()
        rows = {row["model"]: row for row in told["candidates"]}
        assert rows["qwen2.5:3b"]["out"] == "can't do vision"
        assert "times as long as it may" in rows["llava:13b"]["out"]
        nobody = await explain(
            here.client,
            messages=[{"role": "user", "content": content}],
            tools=[{"type": "function", "function": {"name": "f"}}],
        )
        assert (nobody.status_code, nobody.json()["model"]) == (200, None)


async def test_a_rule_is_explained(tmp_path: Path) -> None:
    """Where a rule decides, the costs are told all the same."""
    async with town(tmp_path, more=EXAMPLE) as here:
        told = (await explain(here.client, prompt=EASY, model="rules")).json()
        assert (told["by"], told["model"]) == ("rule", "qwen2.5:14b")
        assert len(told["candidates"]) == 4


async def test_only_policies_can_be_explained(tmp_path: Path) -> None:
    """Another name is a 404, and a caller without the scope gets nothing."""
    async with town(tmp_path) as here:
        assert (await explain(here.client, prompt=EASY, model="qwen2.5:3b")).status_code == 404
    key = "a-key-that-is-long-enough-for-a-test"
    more = f'[plugins.auth.static]\nkeys = [{{ name = "k", key = "{key}", scopes = ["chat"] }}]\n'
    chain = "auth.static routing.catalogue routing.estimate routing.select"
    (tmp_path / "other").mkdir()
    async with town(tmp_path / "other", more=more, chain=chain) as here:
        here.client.headers["authorization"] = f"Bearer {key}"
        assert (await explain(here.client, prompt=EASY)).status_code == 403
