"""The headers of a run."""

from plugins.cache.run_headers import QUEUE, RunHeaders


def test_listeners_are_told_of_the_wait_at_once() -> None:
    """Who comes later, too; and nobody after they have left."""
    run, first, second = RunHeaders(), {"x-mine": "1"}, dict[str, str]()
    run.follow(first)
    run[QUEUE] = "position=2, eta=14"
    assert first == {"x-mine": "1", QUEUE: "position=2, eta=14"}
    run.follow(second)
    assert second == {QUEUE: "position=2, eta=14"}
    run.leave(first)
    run[QUEUE] = "position=1, eta=7"
    assert first[QUEUE] == "position=2, eta=14"
    assert second[QUEUE] == "position=1, eta=7"


def test_other_headers_wait_for_the_answer() -> None:
    """What is said of a model may change until it answers."""
    run, listener = RunHeaders(), dict[str, str]()
    run.follow(listener)
    run["x-localai-model"] = "tiny"
    run.leave(listener)
    assert listener == {}
    assert run == {"x-localai-model": "tiny"}


def test_a_wait_that_is_over_is_not_told() -> None:
    """Where the run no longer says so, neither do those who have listened."""
    run, listener = RunHeaders(), dict[str, str]()
    run.follow(listener)
    run[QUEUE] = "position=1, eta=7"
    run.pop(QUEUE)
    run.leave(listener)
    assert listener == {}
