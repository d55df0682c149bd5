"""How soon a request must be answered."""

import pytest

from localai import InvalidRequest
from plugins.routing.select.latency import asked_latency
from tests.plugins.support import a_call, connecting


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("2s", 2), ("1500ms", 1.5), ("1m30s", 90), ("2", 2), ("0.5", 0.5), (" 3 ", 3)],
)
def test_times(said: str, seconds: float) -> None:
    """A duration, or a number of seconds."""
    call = a_call(connection=connecting(x_localai_max_latency=said))
    assert asked_latency(call) == seconds


@pytest.mark.parametrize("said", ["", "soon", "0", "-1", "2 s", "1e999", "nan", "inf", "0s"])
def test_what_is_no_time_is_refused(said: str) -> None:
    """A mistake is a 400 that says how to write it, and no time without bounds."""
    call = a_call(connection=connecting(x_localai_max_latency=said))
    with pytest.raises(InvalidRequest) as caught:
        asked_latency(call)
    assert "2s" in caught.value.message


def test_most_requests_say_nothing() -> None:
    """Without the header, and without a request, there is no bound."""
    assert asked_latency(a_call()) is None
    assert asked_latency(a_call(connection=connecting())) is None
