"""Requests with images are sent to Ollama whole."""

from core.messages import Message
from tests.core.test_ollama import CHAT, ask, opened
from tests.double import OllamaDouble


async def test_a_large_request_arrives_whole(double: OllamaDouble) -> None:
    """Images of megabytes come as they were sent; they are written in pieces."""
    large = CHAT.replace(messages=(Message(role="user", content="A" * 2_000_000),))
    async with opened(double.url) as ollama:
        await ask(ollama, large)
    (received,) = [each for each in double.received if each.path == "/api/chat"]
    assert received.json["messages"] == [{"role": "user", "content": "A" * 2_000_000}]
    assert received.header("content-length") == str(len(received.body))
