"""`POST /v1/moderations` answers OpenAI's clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types import ModerationImageURLInputParam, ModerationTextInputParam

from localai import SettingsError
from plugins.guardrails.moderations.plugin import PATH, Moderations
from tests.plugins.guardrails.uploads.samples import b64, picture
from tests.plugins.support import serving

Part = ModerationImageURLInputParam | ModerationTextInputParam
CARD = "I paid with 4111 1111 1111 1111."
KEYS = """
[plugins.auth.static]
keys = [
    { name = "chats", key = "key-of-one-who-chats", scopes = ["chat"] },
    { name = "embeds", key = "key-of-one-who-embeds", scopes = ["embeddings"] },
]
"""


@asynccontextmanager
async def running(
    folder: Path, chain: str = "", more: str = "", settings: str = "", **headers: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Run a router with the plugin; yield a client."""
    own = f'[plugins.own]\nuse = "plugins.guardrails.moderations.plugin:Moderations"\n{settings}\n'
    async with serving(folder, f"{chain} own", own + more, **headers) as (_, client):
        yield client


async def test_openais_client_moderates_texts(tmp_path: Path) -> None:
    """Each text has its result, with our categories and all that the client requires."""
    async with (
        running(tmp_path) as http,
        openai.AsyncOpenAI(base_url=f"{http.base_url}/v1", api_key="x", max_retries=0) as client,
    ):
        answer = await client.moderations.create(input=["Hello", CARD], model="any")
    assert answer.id.startswith("modr-")
    assert answer.model == "localai-guardrails"
    harmless, card = answer.results
    assert (harmless.flagged, card.flagged) == (False, True)
    assert not card.categories.violence
    extra = card.categories.model_extra
    assert extra is not None
    assert [name for name, flagged in extra.items() if flagged] == ["pii/card"]


async def test_openais_client_moderates_parts(tmp_path: Path) -> None:
    """Texts and images of one input have one result; images are looked at, and not judged."""
    url = f"data:image/png;base64,{b64(picture('png'))}"
    parts: list[Part] = [
        ModerationTextInputParam(type="text", text=CARD),
        ModerationImageURLInputParam(type="image_url", image_url={"url": url}),
    ]
    elsewhere: list[Part] = [
        ModerationImageURLInputParam(type="image_url", image_url={"url": "http://127.0.0.1:1/"})
    ]
    async with (
        running(tmp_path) as http,
        openai.AsyncOpenAI(base_url=f"{http.base_url}/v1", api_key="x", max_retries=0) as client,
    ):
        answer = await client.moderations.create(input=parts)
        (result,) = answer.results
        assert result.flagged
        assert not result.category_applied_input_types.violence
        with pytest.raises(openai.BadRequestError, match="nothing is fetched") as caught:
            await client.moderations.create(input=elsewhere)
    assert caught.value.param == "input[0].image_url.url"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "input"),
        ({"input": 1}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": [{"type": "video"}]}, 400, "input[0]"),
        ({"input": ["a"] * 3}, 413, "input"),
        ({"input": "a" * 101}, 413, "input"),
    ],
)
async def test_a_bad_request_is_an_error_of_openais(
    tmp_path: Path, body: dict[str, Any], status: int, param: str
) -> None:
    """The error has its form and names the parameter."""
    async with running(tmp_path, settings="max_inputs = 2\nmax_characters = 100") as client:
        answer = await client.post(PATH, json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"].startswith(param)


async def test_who_may_chat_may_ask(tmp_path: Path) -> None:
    """The endpoint needs the scope `chat`."""
    async with running(tmp_path, "auth.static", KEYS) as client:
        statuses = []
        for key in ("", "key-of-one-who-chats", "key-of-one-who-embeds"):
            headers = {"x-api-key": key} if key else {}
            answer = await client.post(PATH, json={"input": "hi"}, headers=headers)
            statuses.append(answer.status_code)
    assert statuses == [401, 200, 403]


async def test_settings_choose_what_is_found(tmp_path: Path) -> None:
    """Only the named entities have categories."""
    async with running(tmp_path, settings='entities = ["card"]') as client:
        answer = await client.post(PATH, json={"input": CARD})
    (result,) = answer.json()["results"]
    ours = [name for name in result["categories"] if name.startswith(("pii/", "secrets"))]
    assert ours == ["pii/card"]
    assert result["category_applied_input_types"]["pii/card"] == ["text"]


def test_an_unknown_entity_is_refused_at_the_start() -> None:
    """The message names what there is."""
    with pytest.raises(SettingsError, match=r"no entity or group 'carb'.*did you mean"):
        Moderations(Moderations.Config(entities=("carb",)))
