"""The plugin with its settings, and a model that repeats what it is told."""

from typing import Any

from localai import Call, Chunk, Chunks, Handler, InvalidRequest, hookimpl
from plugins.guardrails.pii.plugin import Pii
from tests.plugins.support import all_of

EMAIL = "anna@example.org"
CARD = "4111 1111 1111 1111"
SSN = "536-90-4399"
SECRET = "ghp_" + "1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R"


class Echo:
    """Stands for a model: keeps its calls, and says the last message in pieces of a length."""

    def __init__(self, size: int = 3) -> None:
        self.size = size
        self.calls: list[Call] = []

    async def infer(self, call: Call) -> Chunks:
        """Answer a call."""
        self.calls.append(call)
        text = call.prompt or call.messages[-1].content
        size = self.size if call.stream else max(len(text), 1)
        for at in range(0, len(text), size):
            yield Chunk(content=text[at : at + size], model=call.model)
        yield Chunk(done=True, done_reason="stop", model=call.model, eval_count=1)

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Answer in place of Ollama."""
        return self.infer


def guarding(model: Any, **settings: Any) -> Handler:
    """Return the plugin with these settings, and no others, around a model."""
    return Pii(Pii.Config(**{"output": {}} | settings)).around_inference(model.infer)


async def text_of(handler: Handler, call: Call) -> str:
    """Return what an answer says."""
    return "".join(chunk.content for chunk in await all_of(handler, call))


async def refusal_of(handler: Handler, call: Call) -> InvalidRequest:
    """Return how a call is refused."""
    try:
        await all_of(handler, call)
    except InvalidRequest as error:
        return error
    raise AssertionError("it was not refused")
