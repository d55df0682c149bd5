"""One request."""

from plugins.routing.queue.turn import HEADER, Turn
from tests.plugins.support import a_call


def test_a_turn_knows_what_it_has_left() -> None:
    """It is what was expected less what has passed, and a tenth where it is late."""
    turn = Turn(a_call(), "me", 0.0, cost=10.0, began=100.0)
    assert turn.left(104.0) == 6.0
    assert turn.left(150.0) == 1.0


def test_a_turn_tells_its_call() -> None:
    """How it stands is in the header that heartbeats and answers show."""
    call = a_call()
    Turn(call, "me", 0.0).tell("position=1, eta=2")
    assert call.headers[HEADER] == "position=1, eta=2"
