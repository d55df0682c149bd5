"""Plugins that answer, fail and crash with what was said at hand; a test copies this file."""

from localai import Call, Chunk, Chunks, Handler, UpstreamFailed, hookimpl

ANSWER = "canary-answer"


class Answer:
    """Answers in place of the model, each chunk with the canary."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Answer without the model."""

        async def answer(call: Call) -> Chunks:
            yield Chunk(content=ANSWER, thinking=ANSWER, model=call.model)
            yield Chunk(
                content=ANSWER, model=call.model, done=True, prompt_eval_count=5, eval_count=2
            )

        return answer


class Broken:
    """An Ollama that fails in the middle of its answer."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Fail."""

        async def broken(call: Call) -> Chunks:
            yield Chunk(content=ANSWER)
            raise UpstreamFailed("the model runner has stopped")

        return broken


class Careless:
    """Crashes after the first chunk, with all that was said in its local variables."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Crash."""

        async def careless(call: Call) -> Chunks:
            prompt = call.messages[0].content
            async for chunk in next(call):
                yield chunk
                raise RuntimeError(f"{len(prompt) + len(chunk.content)} characters")

        return careless


class CarelessObserver(Careless):
    """The same for a plugin without which the answer goes on."""

    fail_mode = "open"
