"""How much of a context a call takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Message
from plugins.routing.context.size import BUCKETS, IMAGE, MESSAGE, bucket, prompt_size
from tests.plugins.support import a_call


def test_all_that_a_model_reads_counts() -> None:
    """Text, what a template puts around messages, images and tools are added up."""
    texts = ("one two three", "four")
    messages = tuple(Message(role="user", content=text) for text in texts)
    plain = prompt_size(a_call(messages=messages))
    assert plain == int(4 * 1.3) + 3 * MESSAGE
    pictured = (messages[0].replace(images=("x", "y")), messages[1])
    assert prompt_size(a_call(messages=pictured)) == plain + 2 * IMAGE
    tool = {"type": "function", "function": {"name": "f", "description": "d" * 400}}
    assert prompt_size(a_call(messages=messages, tools=(tool,))) > plain + 100


def test_the_longest_input_counts() -> None:
    """Each text of an embedding has the context to itself."""
    call = a_call(kind="embed", messages=(), inputs=("a", "word " * 100, "b c"))
    assert prompt_size(call) == 130
    assert prompt_size(call.replace(inputs=())) == 0


@pytest.mark.parametrize(
    ("tokens", "limit", "size"),
    [
        (0, 65_536, 4096),
        (4096, 65_536, 4096),
        (4097, 65_536, 8192),
        (40_000, 65_536, 65_536),
        (5000, 6000, 6000),
        (300_000, 300_000, 300_000),
    ],
)
def test_sizes_are_few(tokens: int, limit: int, size: int) -> None:
    """A need is rounded up to the next bucket, or to the limit."""
    assert bucket(tokens, limit) == size


@given(st.integers(0, 262_144), st.integers(512, 262_144))
def test_a_size_holds_what_it_is_for(tokens: int, limit: int) -> None:
    """A bucket is never above the limit, nor below a need that the limit allows."""
    size = bucket(tokens, limit)
    assert min(tokens, limit) <= size <= limit
    assert size in BUCKETS or size == limit
