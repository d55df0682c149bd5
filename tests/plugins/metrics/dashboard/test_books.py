"""What has become of calls."""

import time

import pytest

from localai import Chunk, Cost, Decision, Principal
from plugins.metrics.dashboard.books import MOST_ERRORS, MOST_PAIRS, Books
from plugins.metrics.dashboard.day import Day
from tests.pace import within
from tests.plugins.metrics.dashboard.support import an_attempt, end_of, ended
from tests.plugins.support import a_call, connecting


@pytest.fixture
def books() -> Books:
    """Return empty books."""
    return Books(Day(time.time()))


def test_calls_are_counted_by_how_they_end(books: Books) -> None:
    """All count; those that failed are errors, and those that a limit refused are told apart."""
    books.note(ended(a_call(), end_of(2)))
    books.note(ended(a_call()))  # left
    books.note(ended(a_call(), error="UpstreamFailed"))
    books.note(ended(a_call(), error="RateLimited"))
    books.note(ended(a_call(), error="BudgetSpent"))
    assert (books.total, books.errors_total, books.refused) == (5, 3, 2)


def test_the_last_errors_are_shown_without_what_was_asked(books: Books) -> None:
    """The newest error comes first; long names are cut, and only the last are kept."""
    for number in range(MOST_ERRORS + 1):
        call = a_call(request_id=f"r{number}", model="m" * 1000, connection=connecting())
        assert call.connection is not None
        call.connection.scope["path_template"] = "/api/chat"
        books.note(ended(call, error="UpstreamFailed"))
    errors = books.errors()
    assert [each["request_id"] for each in errors[:2]] == ["r20", "r19"]
    assert len(errors) == MOST_ERRORS
    assert {*errors[0]} == {"at", "request_id", "model", "outcome", "route"}
    assert errors[0]["model"] == "m" * 100
    assert (errors[0]["outcome"], errors[0]["route"]) == ("UpstreamFailed", "/api/chat")


def test_the_cache_is_counted_by_its_word(books: Books) -> None:
    """Hits, misses and joins are counted; what is bypassed or unknown is not."""
    assert books.cache()["hit_rate"] is None
    for word in ("hit", "hit", "hit", "miss", "join", "bypass", "what"):
        books.note(ended(a_call(headers={"x-localai-cache": word}), end_of(1)))
    assert books.cache() == {"hits": 3, "misses": 1, "joins": 1, "hit_rate": 0.6}


def test_guards_are_counted_with_their_actions(books: Books) -> None:
    """What guards did is counted, and the number of names is bounded."""
    pii = Decision(guard="pii", rule="card", action="redact", direction="output", count=2)
    books.note(ended(a_call(decisions=[pii, pii]), end_of(1)))
    assert books.guardrails() == [{"guard": "pii", "action": "redact", "count": 4}]
    for number in range(2 * MOST_PAIRS):
        other = pii.replace(guard=f"g{number}")
        books.note(ended(a_call(decisions=[other]), error="Forbidden"))
    assert len(books.guardrails()) == MOST_PAIRS + 1
    assert sum(each["count"] for each in books.guardrails()) == 4 + 4 * MOST_PAIRS


def test_times_are_told_apart(books: Books) -> None:
    """Overhead is what is left of the first token's time without queue and Ollama."""
    call = a_call()
    attempt = an_attempt(call)
    attempt.saw(Chunk(content="x"))
    attempt.saw(end_of(10, seconds=2.0))
    inference = ended(call, end_of(10, seconds=2.0))
    attempt.begun = inference.begun + 0.6
    attempt.first = inference.begun + 0.9
    call.work.waited = 0.5
    books.note(inference)
    told = books.latency(time.monotonic())
    assert told["window_seconds"] == 300
    assert told["count"] == 1
    for name, seconds in (
        ("first_token", 1.0), ("duration", 3.0), ("per_token", 0.2), ("overhead", 0.2),
    ):  # fmt: skip
        assert told[name]["p50"] == pytest.approx(seconds, rel=0.03), name


def test_failures_and_loads_have_no_times(books: Books) -> None:
    """A call that failed, was left, or only loads its model does not count among the times."""
    books.note(ended(a_call(messages=()), end_of(0)))
    books.note(ended(a_call(), error="UpstreamFailed"))
    books.note(ended(a_call()))
    assert books.latency(time.monotonic())["count"] == 0


def test_the_day_knows_costs_and_savings() -> None:
    """What a call took, saved and had of tokens goes into the day."""
    day = Day(time.time())
    books = Books(day)
    call = a_call()
    attempt = an_attempt(call)
    attempt.saw(end_of(3))
    attempt.cost = Cost(joules=3600, money=0.5, grams=7)
    books.note(ended(call, end_of(3, prompt_eval_count=5)))
    books.note(ended(a_call(), end_of(3, saved=Cost(joules=1, money=0.25))))
    sums = day.sums
    assert (sums.wh, sums.money, sums.grams, sums.saved_money) == (1, 0.5, 7, 0.25)
    assert (sums.read, sums.written) == (5, 6)


def test_the_routers_own_calls_are_no_requests(books: Books) -> None:
    """What the router asks for itself is neither a request nor an error."""
    own = a_call(principal=Principal(id="router:key:a"))
    books.note(ended(own, error="UpstreamFailed"))
    assert (books.total, books.errors()) == (0, [])


def test_a_call_costs_little(books: Books) -> None:
    """To count a call takes 8 us at most."""
    call = a_call(headers={"x-localai-cache": "miss"})
    attempt = an_attempt(call)
    attempt.saw(end_of(10))
    inference = ended(call, end_of(10))

    def note() -> None:
        for _ in range(1000):
            books.note(inference)

    within(1000 * 8e-6, note)
