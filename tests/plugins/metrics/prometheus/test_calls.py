"""What calls came to, and what the Ollamas did for them."""

import pytest

from localai import Call, Chunk, Cost, Decision, UpstreamBusy, UpstreamTimeout
from plugins.metrics.conventions import OTHER
from plugins.metrics.models import ModelNames
from plugins.metrics.prometheus.calls import Calls
from tests.pace import within
from tests.plugins.metrics.prometheus.support import LAST, attempted, ended, figures_of
from tests.plugins.support import a_call

MODEL = "llama3.2:latest"
ASKED = "localai_inference_requests_total"
TOKENS = "localai_tokens_total"
OVERHEAD = "localai_router_overhead_seconds"
SERVED = "gen_ai_server_request_duration_seconds"
SERVER = ("chat", "ollama", MODEL, "1")


@pytest.fixture
def calls() -> Calls:
    """Counts of nothing yet."""
    return Calls(ModelNames(10))


def a_cached_call(**changes: str) -> Call:
    """Return a call of which the cache has said something."""
    return a_call(headers={"x-localai-cache": changes.pop("said", "hit")})


def test_an_answer_is_counted_with_its_tokens_and_times(calls: Calls) -> None:
    """One answer is one of each figure, under its kind, model and host."""
    call = a_call()
    call.work.waited = 0.25
    attempted(call, begun=0.5, first=1.5, ended=2.0)
    calls.count(ended(call, first=1.76, at=2.5))
    figures = figures_of(calls.families())
    assert figures[ASKED] == {("chat", MODEL, "1", "ok"): 1}
    assert figures[TOKENS] == {("chat", MODEL, "input"): 5, ("chat", MODEL, "output"): 2}
    assert figures["localai_inference_duration_seconds_sum"] == {("chat", MODEL): 2.5}
    assert figures["localai_time_to_first_token_seconds_sum"] == {("chat", MODEL): 1.76}
    assert figures["localai_queue_wait_seconds_sum"] == {(MODEL,): 0.25}
    assert figures[f"{OVERHEAD}_sum"]["chat",] == pytest.approx(1.76 - 0.25 - 1.0)
    assert figures[f"{SERVED}_sum"] == {(*SERVER, ""): 1.5}
    assert figures["gen_ai_server_time_to_first_token_seconds_sum"] == {SERVER: 1.0}
    assert figures["gen_ai_server_time_per_output_token_seconds_sum"] == {SERVER: 0.05}
    usage = {(*SERVER[:3], "input"): 5, (*SERVER[:3], "output"): 2}
    assert figures["gen_ai_client_token_usage_sum"] == usage
    assert "localai_cache_requests_total" not in figures


@pytest.mark.parametrize("said", ["hit", "join"])
def test_what_no_model_did_is_told_apart(calls: Calls, said: str) -> None:
    """A cached answer, or another's, has no host and no wait; its tokens and energy were saved."""
    last = LAST.replace(saved=Cost(joules=30.0, money=0.5))
    calls.count(ended(a_cached_call(said=said), last, first=0.001, at=0.002))
    figures = figures_of(calls.families())
    assert figures[ASKED] == {("chat", MODEL, "none", "ok"): 1}
    assert figures[TOKENS] == {("chat", MODEL, "cached"): 7}
    assert figures["localai_cache_requests_total"] == {("chat", MODEL, said): 1}
    assert figures["localai_cache_saved_joules_total"] == {(MODEL,): 30.0}
    assert figures["localai_cache_saved_money_total"] == {(MODEL,): 0.5}
    assert "localai_queue_wait_seconds_count" not in figures
    # Of a joined answer nobody knows what of the time was the router's.
    assert (f"{OVERHEAD}_count" in figures) == (said == "hit")


def test_a_batch_of_which_a_part_was_known_counts_both(calls: Calls) -> None:
    """Tokens of the texts that a model read are input, those of the others cached."""
    call = a_cached_call(said="miss").replace(kind="embed", inputs=("a", "b"), messages=())
    attempted(call, Chunk(done=True, model="llama3.2", prompt_eval_count=3), first=None)
    calls.count(ended(call, Chunk(done=True, model="llama3.2", prompt_eval_count=10)))
    figures = figures_of(calls.families())
    tokens = {key: count for key, count in figures[TOKENS].items() if count}
    assert tokens == {("embed", MODEL, "input"): 3, ("embed", MODEL, "cached"): 7}
    assert [key[0] for key in figures[f"{SERVED}_count"]] == ["embeddings"]
    assert "gen_ai_server_time_per_output_token_seconds_count" not in figures


def test_each_attempt_is_counted(calls: Calls) -> None:
    """A retry is one call and two attempts; what the first one read and wrote was work too."""
    call = a_call()
    attempted(call, None, begun=0.1, first=0.5, ended=1.0, error=UpstreamTimeout("slow"))
    attempted(call, None, begun=1.0, first=None, ended=1.2, label="2", error=UpstreamBusy("full"))
    attempted(call, begun=2.0, first=3.0, ended=4.0)
    calls.count(ended(call, first=3.1, at=4.1))
    figures = figures_of(calls.families())
    assert figures[ASKED] == {("chat", MODEL, "1", "ok"): 1}
    # The model is known by its answer only, which came last.
    assert figures[f"{SERVED}_count"] == {
        ("chat", "ollama", MODEL, "1", "UpstreamTimeout"): 1,
        ("chat", "ollama", MODEL, "2", "UpstreamBusy"): 1,
        (*SERVER, ""): 1,
    }
    assert figures[TOKENS]["chat", MODEL, "output"] == 1 + 2
    # Between the attempts the router had it: 0.1 before, 0.8 between, 0.1 after; and from the first
    # chunk of the first attempt to its end.
    assert figures[f"{OVERHEAD}_sum"]["chat",] == pytest.approx(0.1 + 0.5 + 0.8 + 0.1)


def test_attempts_at_the_same_time_count_once_in_the_overhead(calls: Calls) -> None:
    """The time at several Ollamas is that in which at least one had the call."""
    call = a_call()
    attempted(call, begun=1.0, first=3.0, ended=4.0)
    attempted(call, None, begun=2.0, first=None, ended=3.5, label="2")
    calls.count(ended(call, first=3.0, at=4.0))
    assert figures_of(calls.families())[f"{OVERHEAD}_sum"] == {("chat",): 1.0}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [("ModelNotFound", "ModelNotFound"), ("ValueError", "ValueError"), (None, "canceled")],
)
def test_a_failure_is_counted_by_its_class(calls: Calls, error: str | None, outcome: str) -> None:
    """A call that no model answered is one of others; a known model keeps its label."""
    calls.count(ended(a_call(model="made-up"), None, first=None, error=error))
    assert figures_of(calls.families())[ASKED] == {("chat", OTHER, "none", outcome): 1}
    calls.count(ended())
    calls.count(ended(a_call(model="LLama3.2"), None, first=None, error=error))
    assert figures_of(calls.families())[ASKED]["chat", MODEL, "none", outcome] == 1


@pytest.mark.parametrize(
    ("reason", "seconds", "counted"),
    [("load", 8.0, True), ("load", 0.01, False), ("unload", 8.0, False)],
)
def test_a_load_is_counted_with_its_time(
    calls: Calls, reason: str, seconds: float, counted: bool
) -> None:
    """What loads for a call is part of its wait; a model that was there, or leaves, is no load."""
    call = a_call()
    call.work.waited = 8.0
    load = call.replace(messages=())
    last = Chunk(done=True, model="llama3.2", done_reason=reason)
    attempted(load, last, begun=0.0, first=None, ended=seconds)
    attempted(call, begun=8.0, first=9.0, ended=10.0)
    calls.count(ended(call, first=9.5, at=10.0))
    figures = figures_of(calls.families())
    loads = figures.get("localai_model_load_seconds_sum")
    assert loads == ({("1", MODEL): 8.0} if counted else None)
    assert figures[f"{SERVED}_count"] == {(*SERVER, ""): 1}
    assert figures[f"{OVERHEAD}_sum"] == {("chat",): 0.5}


def test_a_plain_answer_has_no_first_token(calls: Calls) -> None:
    """The time to the first token of an Ollama is that of streams; callers' is of all."""
    call = a_call(stream=False)
    attempted(call)
    calls.count(ended(call))
    figures = figures_of(calls.families())
    assert "gen_ai_server_time_to_first_token_seconds_count" not in figures
    assert figures["localai_time_to_first_token_seconds_count"] == {("chat", MODEL): 1}


def test_decisions_and_limits_are_counted(calls: Calls) -> None:
    """Each decision is one, however much it found; a limit is one by what had run out."""
    card = Decision(guard="pii", rule="card", action="redact", direction="output", count=3)
    calls.count(ended(a_call(decisions=[card, card])))
    for error in ("RateLimited", "BudgetSpent", "BudgetSpent", "Unavailable"):
        calls.count(ended(last=None, error=error))
    calls.refused("door")
    figures = figures_of(calls.families())
    decided = {("pii", "card", "redact", "output"): 2}
    assert figures["localai_guardrail_decisions_total"] == decided
    limits = {("rate",): 1, ("budget",): 2, ("door",): 1}
    assert figures["localai_limit_refusals_total"] == limits


def test_a_thousand_models_make_a_bounded_number_of_series(calls: Calls) -> None:
    """Above the bound every further model is counted under one label."""
    sizes = []
    for at in range(1000):
        call = a_call(model=f"model-{at}")
        last = LAST.replace(model=f"model-{at}")
        attempted(call, last)
        calls.count(ended(call, last))
        sizes.append(sum(len(family.cells) for family in calls.families()))
    assert len(set(sizes[10:])) == 1
    asked = figures_of(calls.families())[ASKED]
    assert len(asked) == 11
    assert sum(asked.values()) == 1000


def test_counting_is_cheap(calls: Calls) -> None:
    """A hundred calls with an attempt each take less than 1.5 ms of CPU."""
    call = a_cached_call(said="miss")
    attempted(call)
    inference = ended(call)

    def count() -> None:
        for _ in range(100):
            calls.count(inference)

    within(0.0015, count)
