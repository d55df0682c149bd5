"""The texts of an answer, filtered as one: thinking, content, and what tools are called with."""

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

from localai import Chunk, ToolCall
from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.escapes import UNKNOWN, Reading, Unescaper
from plugins.guardrails.stream.filter import Act, Blocked, Filter, Piece
from plugins.guardrails.stream.leaves import keys, leaves, rebuilt, renamed
from plugins.guardrails.stream.matcher import Matcher

SLICE = 500
"""Characters of a long text that are taken in one step."""


class _Text:
    """What is given of one text: content, thinking, or a leaf of a tool call."""

    __slots__ = ("ends", "is_json", "is_leaf", "parts")

    def __init__(
        self, *, is_json: bool = False, is_leaf: bool = False, ends: ToolCall | None = None
    ) -> None:
        self.parts: list[str] = []
        self.is_leaf = is_leaf
        self.is_json = is_json
        """Whether it is written with escapes."""
        self.ends = ends
        """The tool call whose last leaf it is."""

    def take(self) -> str:
        """Return what is given since the last time."""
        text = "".join(self.parts)
        self.parts.clear()
        return text


class AnswerFilter:
    """Filters the chunks of one answer, all its texts as one, with boundaries between them."""

    def __init__(self, matcher: Matcher, act: Act, *, is_json: bool = False) -> None:
        self._matcher = matcher
        self._act = act
        self._filter = Filter(matcher, act)
        self._unescaper = Unescaper()
        self._thinking = _Text()
        self._content = _Text(is_json=is_json)
        self._current: _Text | None = None
        """What is being said."""
        self._open: deque[_Text] = deque()
        """The texts that are not given wholly, in order."""
        self._leaves: list[str] = []
        """The leaves that are given of the next tool call."""
        self._calls: list[ToolCall] = []
        self._escapes: deque[tuple[int, str]] = deque()
        """Where in what was said there were escapes."""
        self._said = self._given = 0
        """Characters of all texts and boundaries, as they read."""
        self._last = Chunk()
        self.is_changed = False
        """Whether anything was replaced."""

    @property
    def held(self) -> int:
        """Characters that are held back."""
        return self._said - self._given + self._unescaper.held

    def push(self, chunk: Chunk) -> Chunk | None:
        """Take the next chunk; return all that is decided by now. Raises `Blocked`."""
        if self._is_simple(chunk):
            self._last = chunk
            return self._simple(chunk)
        if self._is_whole(chunk) and self._filter.passes(chunk.content):
            self._filter.rest()
            self._last = chunk
            return chunk
        for _ in self.steps(chunk):
            pass
        return self.taken()

    def steps(self, chunk: Chunk) -> Iterator[None]:
        """Take the next chunk, slice by slice; `taken` is for what is decided then.

        Raises `Blocked`.
        """
        self._last = chunk
        yield from self._say(self._thinking, chunk.thinking)
        yield from self._say(self._content, chunk.content)
        for call in chunk.tool_calls:
            yield from self._call(call)
        if chunk.done:
            self._end()

    def taken(self) -> Chunk | None:
        """Return the last chunk with what is decided by now for its own."""
        return self._chunk(self._last)

    def flush(self) -> Chunk | None:
        """End the answer; return what was held back. Raises `Blocked`."""
        self._end()
        return self.given()

    def given(self) -> Chunk | None:
        """Return what is decided and not yet given: after a block, what came before it."""
        return self._chunk(Chunk(model=self._last.model, created_at=self._last.created_at))

    def _is_simple(self, chunk: Chunk) -> bool:
        """Say whether it is by far the most frequent case: more content after content."""
        content = chunk.content
        return (
            self._current is self._content
            and len(self._open) == 1
            and "\\" not in content
            and BOUNDARY not in content
            and not (
                chunk.thinking
                or chunk.tool_calls
                or chunk.done
                or chunk.logprobs
                or self._escapes
                or self._unescaper.held
            )
        )

    def _is_whole(self, chunk: Chunk) -> bool:
        """Say whether it is a whole answer of content only, as most are that are not streamed."""
        content = chunk.content
        return (
            chunk.done
            and not (self._said or self._unescaper.held)
            and "\\" not in content
            and BOUNDARY not in content
            and not (chunk.thinking or chunk.tool_calls or chunk.logprobs)
        )

    def _simple(self, chunk: Chunk) -> Chunk | None:
        """Filter a chunk of content only; the same as with `_say`, in a fraction of the time."""
        content = chunk.content
        self._said += len(content)
        if self._filter.passes(content):
            self._given += len(content)
            return chunk
        pieces = self._pieces(content)
        if not pieces:
            return None
        if len(pieces) > 1 or pieces[0][1] is not None:
            self._give(pieces)
            return self._chunk(chunk)
        given = pieces[0][0]
        self._given += len(given)
        return chunk if given == content else chunk.replace(content=given)

    def _say(self, text: _Text, words: str) -> Iterator[None]:
        if words and self._current is not text:
            self._close()
            self._begin(text)
        for at in range(0, len(words), SLICE):
            self._read(self._unescaper.push(words[at : at + SLICE]))
            yield

    def _call(self, call: ToolCall) -> Iterator[None]:
        self._close()
        call = self._renamed(call)
        words = list(leaves(call.function.arguments)) or [""]
        last = len(words) - 1
        for number, leaf in enumerate(words):
            text = _Text(is_leaf=True, ends=call if number == last else None)
            self._begin(text)
            yield from self._say(text, leaf)
            self._close()

    def _renamed(self, call: ToolCall) -> ToolCall:
        """Return the tool call with its keys filtered, which are whole when it comes."""
        arguments = call.function.arguments
        names = list(keys(arguments))
        if not names:
            return call
        text = BOUNDARY.join(name.replace(BOUNDARY, UNKNOWN) for name in names)
        keys_filter = Filter(self._matcher, self._act)
        given = (keys_filter.push(text) + keys_filter.flush()).split(BOUNDARY)
        if given == names:
            return call
        self.is_changed = True
        return _with(call, renamed(arguments, iter(given)))

    def _begin(self, text: _Text) -> None:
        self._current = text
        self._open.append(text)

    def _close(self) -> None:
        """End what is being said, if anything is, with a boundary."""
        if self._current is not None:
            self._read(self._unescaper.flush())
            self._said += 1
            self._give(self._pieces(BOUNDARY))
            self._current = None

    def _end(self) -> None:
        self._read(self._unescaper.flush())
        self._give(self._pieces(None))
        self._open.clear()
        self._current = None

    def _read(self, reading: Reading) -> None:
        """Have the next piece of what is being said filtered."""
        text, escapes = reading
        if escapes:
            self._escapes.extend((self._said + at, escape) for at, escape in escapes)
        self._said += len(text)
        self._give(self._pieces(text))

    def _pieces(self, text: str | None) -> list[Piece]:
        """Return what is decided with more text, or at the end of it."""
        try:
            return self._filter.rest() if text is None else self._filter.pieces(text)
        except Blocked as blocked:
            self._give(blocked.before)
            raise

    def _give(self, pieces: list[Piece]) -> None:
        """Share out what is decided among the texts that it belongs to."""
        for piece, instead in pieces:
            if instead is not None:
                self._replace(piece, instead)
            for number, text in enumerate(piece.split(BOUNDARY)):
                if number:
                    self._given += 1
                    self._ended(self._open.popleft())
                if text:
                    written = self._written(text)
                    if instead is None:
                        self._open[0].parts.append(written)

    def _replace(self, piece: str, instead: str) -> None:
        self.is_changed = True
        text = self._open[0]
        if self._escapes and self._escapes[0][0] < self._given + len(piece):
            text.is_json = True
        written = json.dumps(instead, ensure_ascii=False)[1:-1] if text.is_json else instead
        text.parts.append(written)

    def _written(self, text: str) -> str:
        """Return a text that is decided as it was written, with its escapes."""
        begin = at = self._given
        end = self._given = begin + len(text)
        if not self._escapes or self._escapes[0][0] >= end:
            return text
        parts: list[str] = []
        while self._escapes and self._escapes[0][0] < end:
            place, escape = self._escapes.popleft()
            parts += (text[at - begin : place - begin], escape)
            at = place + 1
        self._open[0].is_json = True
        parts.append(text[at - begin :])
        return "".join(parts)

    def _ended(self, text: _Text) -> None:
        if not text.is_leaf:
            return
        self._leaves.append(text.take())
        if (call := text.ends) is not None:
            given = rebuilt(call.function.arguments, iter(self._leaves))
            self._leaves.clear()
            self._calls.append(call if given == call.function.arguments else _with(call, given))

    def _chunk(self, chunk: Chunk) -> Chunk | None:
        """Return the chunk with what is given for its own; `None` if that is nothing."""
        content, thinking = self._content.take(), self._thinking.take()
        calls = tuple(self._calls)
        self._calls.clear()
        context = () if self.is_changed else chunk.context
        if not (content or thinking or calls or chunk.done or chunk.embeddings):
            return None
        if (
            content == chunk.content
            and thinking == chunk.thinking
            and calls == chunk.tool_calls
            and context == chunk.context
            and not chunk.logprobs
        ):
            return chunk
        return chunk.replace(
            content=content, thinking=thinking, tool_calls=calls, context=context, logprobs=()
        )


def _with(call: ToolCall, arguments: dict[str, Any]) -> ToolCall:
    return call.replace(function=call.function.replace(arguments=arguments))
