"""What is written down of a call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from localai import (
    Chunk,
    Cost,
    Message,
    Principal,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamTimeout,
)
from plugins.metrics.ledger.row import usage_of
from tests.plugins.metrics.ledger.calls import SECOND, attempted, ended
from tests.plugins.support import HELLO, a_call, connecting

ANNA = Principal(id="key:anna", user="anna", tenant="lab", name="a name")
TEN_WORDS = (Message(role="user", content="a b c d e f g h i j"),)
"""13 tokens, by the estimate."""
LAST = HELLO[-1].replace(
    load_duration=SECOND // 2,
    prompt_eval_duration=SECOND,
    eval_duration=2 * SECOND,
    total_duration=4 * SECOND,
)
"""The end of an answer of 5 and 2 tokens."""
ANSWER = (*HELLO[:-1], LAST)
COST = Cost(joules=3600.0, money=0.5, grams=2.0, source="measured")
VECTOR = Chunk(
    embeddings=((1.0,),), done=True, prompt_eval_count=3, total_duration=SECOND, load_duration=0
)


def test_an_answer_is_a_row() -> None:
    """Who asked what, which Ollama answered, and what it took of it."""
    connection = connecting()
    connection.scope["path_template"] = "/api/chat"
    call = a_call(principal=ANNA, connection=connection)
    call.headers["x-localai-cache"] = "miss"
    call.work.waited = 0.25
    attempted(call, *ANSWER, cost=COST)
    assert asdict(usage_of(ended(call, *ANSWER), 7.5)) == {
        "at": 7.5,
        "request_id": "test",
        "tenant": "lab",
        "key": "key:anna",
        "user": "anna",
        "model": "llama3.2:latest",
        "kind": "chat",
        "route": "/api/chat",
        "host": "2",
        "outcome": "ok",
        "cache": "miss",
        "attempts": 1,
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "saved_prompt_tokens": 0,
        "saved_completion_tokens": 0,
        "seconds": 1.0,
        "first_token": 0.5,
        "waited": 0.25,
        "load_seconds": 0.5,
        "gpu_seconds": 3.0,
        "saved_seconds": 0.0,
        "wh": 1.0,
        "money": 0.5,
        "grams": 2.0,
        "energy_source": "measured",
        "saved_wh": 0.0,
        "saved_money": 0.0,
    }


def test_a_kept_answer_takes_nothing_and_says_what_it_saved() -> None:
    """Nobody worked for it, so that its tokens, its time and its cost are those of the first."""
    call = a_call()
    call.headers["x-localai-cache"] = "hit"
    row = usage_of(ended(call, *ANSWER[:-1], LAST.replace(cost=COST)), 0)
    assert (row.cache, row.host, row.attempts, row.outcome) == ("hit", "", 0, "ok")
    assert (row.prompt_tokens, row.completion_tokens, row.gpu_seconds, row.wh) == (0, 0, 0, 0)
    assert (row.saved_prompt_tokens, row.saved_completion_tokens) == (5, 2)
    assert (row.saved_seconds, row.saved_wh, row.saved_money) == (3.0, 1.0, 0.5)
    assert (row.energy_source, row.model) == ("", "llama3.2:latest")


def test_an_old_answer_after_a_failure_is_saved_too() -> None:
    """What the failed attempt took is the row's own, beside what the old answer saved."""
    call = a_call()
    attempted(call, HELLO[0], error=UpstreamFailed("x"), cost=Cost(joules=360.0), ended=2.0)
    row = usage_of(ended(call, LAST.replace(cost=COST)), 0)
    assert (row.wh, row.saved_wh, row.completion_tokens) == (0.1, 1.0, 1)
    assert (row.saved_prompt_tokens, row.saved_completion_tokens, row.saved_seconds) == (5, 2, 3.0)


def test_of_a_batch_only_the_new_texts_are_taken() -> None:
    """An embedding of which a part was known has both: what was taken, and what was saved."""
    call = a_call(kind="embed", messages=(), inputs=("a", "b c", "d e"), stream=False)
    attempted(call.replace(inputs=("b c",)), VECTOR)
    row = usage_of(ended(call, VECTOR.replace(prompt_eval_count=10)), 0)
    assert (row.prompt_tokens, row.saved_prompt_tokens) == (3, 7)
    assert (row.gpu_seconds, row.saved_seconds) == (1.0, 0.0)


def test_every_attempt_counts() -> None:
    """Tries that broke off are estimated, those that were refused took nothing."""
    call = a_call(messages=TEN_WORDS)
    attempted(call, error=UpstreamFailed("busy"), ended=50.0)
    attempted(call, *HELLO[:-1], error=UpstreamInvalid("cut"), first=1.0, ended=3.0)
    attempted(call, *ANSWER)
    row = usage_of(ended(call, *ANSWER), 0)
    assert (row.attempts, row.prompt_tokens, row.completion_tokens) == (3, 13 + 5, 2 + 2)
    assert row.gpu_seconds == 2.0 + 3.0
    assert (row.outcome, row.saved_prompt_tokens, row.saved_seconds) == ("ok", 0, 0.0)


@pytest.mark.parametrize("error", [None, UpstreamTimeout("slow")])
def test_a_prompt_that_was_being_read_was_work(error: UpstreamTimeout | None) -> None:
    """Who leaves, or waits in vain, before the first token has had the prompt read."""
    call = a_call(messages=TEN_WORDS)
    attempted(call, error=error, began=1.0, ended=5.0)
    row = usage_of(ended(call, error="UpstreamTimeout" if error else None), 0)
    assert (row.prompt_tokens, row.completion_tokens, row.gpu_seconds) == (13, 0, 4.0)
    assert row.outcome == ("UpstreamTimeout" if error else "canceled")
    assert row.first_token is None


def test_what_goes_on_for_others_is_the_work_of_who_began_it() -> None:
    """The caller left after one chunk, and the model finished the answer."""
    call = a_call()
    attempted(call, *ANSWER)
    row = usage_of(ended(call, HELLO[0]), 0)
    assert (row.outcome, row.prompt_tokens, row.completion_tokens) == ("canceled", 5, 2)


def test_loads_are_no_attempts() -> None:
    """The time in which a model was loaded is told apart from that in which it answered."""
    call = a_call()
    load = Chunk(done=True, done_reason="load", load_duration=9 * SECOND)
    attempted(call.replace(messages=()), load, began=1.0, ended=11.0)
    attempted(call, *ANSWER)
    row = usage_of(ended(call, *ANSWER), 0)
    assert (row.attempts, row.load_seconds, row.gpu_seconds) == (1, 10.5, 3.0)
    only = a_call(messages=())
    attempted(only, load, began=1.0, ended=11.0)
    row = usage_of(ended(only, load), 0)
    assert (row.load_seconds, row.prompt_tokens, row.saved_seconds) == (10.0, 0, 0.0)


def test_a_second_try_saves_nothing() -> None:
    """An answer that was asked for again, because the first was no good, took both."""
    call = a_call()
    attempted(call, *ANSWER)
    attempted(call, *ANSWER)
    row = usage_of(ended(call, *ANSWER), 0)
    assert (row.prompt_tokens, row.completion_tokens, row.gpu_seconds) == (10, 4, 6.0)
    assert (row.saved_prompt_tokens, row.saved_completion_tokens) == (0, 0)


def test_a_refused_call_is_a_row_without_tokens() -> None:
    """What no model was asked for has its outcome, and the model that was wanted."""
    row = usage_of(ended(a_call(model="Qwen2.5:7b"), error="RateLimited"), 0)
    assert (row.outcome, row.model, row.host, row.attempts) == ("RateLimited", "qwen2.5:7b", "", 0)
    assert (row.prompt_tokens, row.route) == (0, "")
    assert usage_of(ended(a_call(model="")), 0).model == ""


def test_the_model_is_the_one_that_was_asked() -> None:
    """Not what the caller called it, but what that stood for."""
    call = a_call(model="fast")
    call.headers["x-localai-model"] = "qwen2.5"
    assert usage_of(ended(call), 0).model == "qwen2.5:latest"
    attempted(call.replace(model="llama3.2"))
    assert usage_of(ended(call), 0).model == "llama3.2:latest"


COUNTS = st.integers(0, 10**6)
ENDS = st.none() | st.builds(
    Chunk, done=st.just(True), prompt_eval_count=COUNTS, eval_count=COUNTS, eval_duration=COUNTS
)


@given(st.lists(st.tuples(st.integers(0, 9), ENDS, st.booleans()), max_size=6), ENDS)
def test_the_row_is_the_sum_of_its_attempts(
    attempts: list[tuple[int, Chunk | None, bool]], told: Chunk | None
) -> None:
    """However a call went, each attempt is in its row once, and no figure is below zero."""
    call = a_call(messages=TEN_WORDS)
    prompt = completion = 0
    for pieces, last, fails in attempts:
        chunks = [HELLO[0]] * pieces
        error = UpstreamFailed("x") if fails else None
        attempted(call, *chunks, *([] if last is None else [last]), error=error, ended=1e9)
        if last is not None:
            prompt += last.prompt_eval_count
            completion += last.eval_count
        elif pieces or not fails:
            prompt += 13
            completion += pieces
    row = usage_of(ended(call, *([] if told is None else [told])), 0)
    assert (row.prompt_tokens, row.completion_tokens) == (prompt, completion)
    assert row.attempts == len(attempts)
    assert all(value >= 0 for value in asdict(row).values() if isinstance(value, int | float))
