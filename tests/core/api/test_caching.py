"""What OpenAI's clients want of caches."""

import msgspec
import pytest

from core.api.openai_call import chat_call, completion_call, embedding_call
from core.api.openai_request import ChatRequest, CompletionRequest, EmbeddingRequest
from localai import Caching, Principal

ME = Principal(id="me")
WISH = {"no-cache": True, "max-age": 60, "tags": ["a"]}
WANTED = Caching(no_cache=True, max_age=60, tags=("a",))
MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(("wish", "wanted"), [({"cache": WISH}, WANTED), ({}, Caching())])
def test_a_wish_reaches_the_call(wish: dict[str, object], wanted: Caching) -> None:
    """The `cache` object is in the call of each kind, and nothing is wanted without it."""
    chat = msgspec.convert({"model": "m", "messages": MESSAGES} | wish, ChatRequest)
    completion = msgspec.convert({"model": "m", "prompt": "x"} | wish, CompletionRequest)
    embedding = msgspec.convert({"model": "m", "input": "x"} | wish, EmbeddingRequest)
    assert chat_call(chat, ME, "r").cache == wanted
    assert completion_call(completion, ME, "r").cache == wanted
    assert embedding_call(embedding, ME, "r").cache == wanted
