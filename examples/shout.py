"""The README's plugin: answers in capitals."""

from contextlib import aclosing

from localai import Call, Chunks, Handler, hookimpl


class Shout:
    """Answer in capitals."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Change each piece of the answer on its way out."""

        async def shout(call: Call) -> Chunks:
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    yield chunk.replace(content=chunk.content.upper())

        return shout
