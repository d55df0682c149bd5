"""One model on one host."""

from plugins.routing.queue.server import Server
from plugins.routing.queue.turn import Turn
from tests.plugins.support import a_call


def test_streams_are_counted_over_time() -> None:
    """An answer that ran beside two others for half of its time ran with one on average."""
    server = Server("http://box")
    turn, *others = (Turn(a_call(), "me", 0.0) for _ in range(3))
    server.add(turn, 0.0)
    for other in others:
        server.add(other, 5.0)
    assert turn.url == "http://box"
    assert server.streams(turn, 10.0) == 2
    server.remove(turn, 10.0)
    assert server.running == set(others)


def test_an_answer_in_no_time_was_alone() -> None:
    """An answer that took no time counts as one stream."""
    server, turn = Server(""), Turn(a_call(), "me", 0.0)
    server.add(turn, 3.0)
    assert server.streams(turn, 3.0) == 1


def test_time_may_begin_anew() -> None:
    """What happened before a turn's model was loaded is not counted as its answer's time."""
    server, turn, other = Server(""), Turn(a_call(), "me", 0.0), Turn(a_call(), "you", 0.0)
    server.add(turn, 0.0)
    server.add(other, 0.0)
    server.remove(other, 10.0)
    server.begin(turn, 10.0)
    assert turn.began == 10.0
    assert server.streams(turn, 20.0) == 1
