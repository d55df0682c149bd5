"""For whom a caller of OpenAI's endpoints asks."""

from typing import Any

import msgspec
import pytest

from core.api.openai_call import chat_call, completion_call
from core.api.openai_request import ChatRequest, CompletionRequest
from localai import Principal

ME = Principal(id="me")


@pytest.mark.parametrize(
    ("given", "user"),
    [
        ({}, ""),
        ({"user": "anna"}, "anna"),
        ({"safety_identifier": "hash"}, "hash"),
        ({"user": "anna", "safety_identifier": "hash"}, "anna"),
        ({"user": {"id": "anna"}}, ""),
        ({"user": None}, ""),
    ],
)
def test_for_whom_the_caller_asks_is_kept(given: dict[str, Any], user: str) -> None:
    """A text in either field is; Open WebUI's object is no text, and no reason to refuse."""
    common = {"model": "m"} | given
    chat = common | {"messages": [{"role": "user", "content": "hi"}]}
    assert chat_call(msgspec.convert(chat, ChatRequest), ME, "req_1").user == user
    completion = common | {"prompt": "once"}
    found = completion_call(msgspec.convert(completion, CompletionRequest), ME, "req_1")
    assert found.user == user
