"""How many tokens an answer took, whole or not."""

import pytest

from localai import Chunk, Function, ToolCall
from plugins.auth.limits.meter import Meter
from tests.plugins.support import HELLO, a_call


def after(*chunks: Chunk, failed: bool = False, cache: str = "miss") -> int:
    """Return what a call with a prompt of 7 estimated tokens took after these chunks."""
    meter = Meter(a_call(headers={"x-localai-cache": cache}), 7)
    for chunk in chunks:
        meter.see(chunk)
    meter.failed = failed
    return meter.tokens


def test_the_last_chunk_tells() -> None:
    """What the model counted replaces the estimates."""
    assert after(*HELLO) == 7
    assert after(Chunk(content="x", done=True, prompt_eval_count=11, eval_count=22)) == 33


def test_a_count_that_is_missing_is_estimated() -> None:
    """Ollama leaves a prompt out that it still has in memory; it was asked all the same."""
    assert after(Chunk(content="x"), Chunk(done=True, eval_count=5)) == 12
    assert after(Chunk(content="x"), Chunk(done=True, prompt_eval_count=5)) == 6


def test_an_answer_that_stops_counts_what_has_come() -> None:
    """Text, thinking and tool calls are a token each, on top of the prompt."""
    tool = ToolCall(function=Function(name="f", arguments={}))
    pieces = (Chunk(content="a"), Chunk(thinking="b"), Chunk(tool_calls=(tool,)), Chunk())
    assert after(*pieces) == 10
    assert after(*pieces, failed=True) == 10


@pytest.mark.parametrize(("failed", "tokens"), [(True, 0), (False, 7)])
def test_before_the_first_chunk_only_leaving_costs(failed: bool, tokens: int) -> None:
    """A failure before anything came is free; who leaves has had the prompt read."""
    assert after(failed=failed) == tokens


def test_an_answer_from_the_cache_is_free() -> None:
    """No model has worked for it."""
    assert after(*HELLO, cache="hit") == 0
