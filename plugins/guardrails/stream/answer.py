"""An answer as it comes, with what rules find in it replaced, or ended where it is blocked."""

from collections.abc import Iterator
from contextlib import aclosing

from localai import Call, Chunk, Chunks
from plugins.guardrails.stream.answer_filter import AnswerFilter
from plugins.guardrails.stream.cursor import LONG
from plugins.guardrails.stream.filter import Act, Blocked
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.turns import Turns

__all__ = ["BLOCKED_TEXT", "AnswerFilter", "Blocked", "filtered"]

BLOCKED_TEXT = "[Output filtered for security]"
"""What stands in place of an answer, or of its rest."""


async def filtered(
    chunks: Chunks,
    matcher: Matcher,
    act: Act,
    *,
    call: Call | None = None,
    blocked_text: str = BLOCKED_TEXT,
) -> Chunks:
    """Yield an answer filtered; what was held back comes before its end, however it ends.

    Where the act raises `Blocked`, the answer ends with `blocked_text`; a plain one, which the
    call tells, consists of nothing else.
    """
    is_plain = call is not None and not call.stream
    answer = AnswerFilter(matcher, act, is_json=call is not None and call.format is not None)
    kept: list[Chunk] = []
    seen = 0
    last = Chunk()
    async with aclosing(chunks):
        try:
            try:
                async for last in chunks:
                    seen += not last.done
                    if last.done and answer.held and not is_plain and (rest := answer.flush()):
                        yield rest
                    if len(last.content) < LONG and not last.tool_calls:
                        given = answer.push(last)
                    else:
                        given = await _pushed(answer, last, matcher)
                    if given:
                        if is_plain:
                            kept.append(given)
                        else:
                            yield given
            except Blocked:
                raise
            except Exception:
                if not is_plain and (rest := answer.flush()):
                    yield rest
                raise
            if not last.done and (rest := answer.flush()):
                kept.append(rest)
        except Blocked:
            before = None if is_plain else answer.given()
            kept = [before] if before else []
            kept += _blocked(last, seen, blocked_text, is_plain)
    for chunk in kept:
        yield chunk


async def _pushed(answer: AnswerFilter, chunk: Chunk, matcher: Matcher) -> Chunk | None:
    """Return what a filter gives for a long chunk; other requests get a turn meanwhile."""
    await matcher.prepare()
    turns = Turns()
    for _ in answer.steps(chunk):
        await turns.give()
    return answer.taken()


def _blocked(last: Chunk, seen: int, text: str, is_plain: bool) -> Iterator[Chunk]:
    """Yield the end of an answer that is blocked after so many chunks."""
    end = Chunk(
        model=last.model,
        created_at=last.created_at,
        done=True,
        done_reason="content_filter",
        prompt_eval_count=last.prompt_eval_count,
        eval_count=last.eval_count or seen,
    )
    if is_plain:
        yield end.replace(content=text)
    else:
        yield Chunk(content=text, model=last.model, created_at=last.created_at)
        yield end
