"""The queue of one model."""

import math

import pytest

from plugins.routing.queue.line import Line
from plugins.routing.queue.turn import Turn
from tests.plugins.support import a_call


def a_turn(key: str = "me", cost: float = 10.0, came: float = 0.0) -> Turn:
    """Return a turn whose cost is known."""
    return Turn(a_call(), key, came, cost=cost, prompt=100, answer=50)


def started(line: Line, turn: Turn, now: float = 0.0) -> Turn:
    """Give a turn a slot."""
    line.server("http://box").add(turn, now)
    return turn


def test_places_follow_from_what_runs_and_waits() -> None:
    """With one slot, the seconds to wait are those left of the running one and of all before."""
    line = Line("tiny", 0.1)
    started(line, a_turn())
    first, second = a_turn(), a_turn()
    for turn in (first, second):
        line.push(turn, math.inf, 0.0)
    assert line.eta(first, 1, 4.0) == (1, 6.0)
    assert line.eta(second, 1, 4.0) == (2, 16.0)
    assert line.eta(second, 2, 4.0) == (2, 8.0)
    assert (line.answer_tokens, line.prompt_tokens) == (100, 200)


def test_places_learn_from_how_long_answers_take() -> None:
    """Where answers take twice as long as was expected, so do later waits."""
    line = Line("tiny", 0.1)
    for _ in range(30):
        turn = started(line, a_turn())
        line.end(turn, 20.0, whole=True)
    started(line, a_turn())
    waiting = a_turn()
    line.push(waiting, math.inf, 0.0)
    assert line.eta(waiting, 1, 0.0)[1] == pytest.approx(20, rel=0.01)


def test_an_answer_that_was_cut_teaches_nothing() -> None:
    """A caller that left in the middle says nothing of how long answers take."""
    line = Line("tiny", 0.1)
    line.end(started(line, a_turn()), 1.0, whole=False)
    assert line.pace == 1.0


def test_who_holds_a_slot_when_a_queue_begins_is_served_later() -> None:
    """Of two who wait, that one is next who has no slot already, though it came later."""
    line = Line("tiny", 0.1)
    started(line, a_turn("hog"))
    line.push(a_turn("hog"), math.inf, 0.0)
    late = a_turn("late")
    line.push(late, math.inf, 1.0)
    assert line.pop(None) is late


def test_each_turn_leaves_once() -> None:
    """A turn that is taken, gone or overdue is in the queue no more, and its tokens neither."""
    line = Line("tiny", 0.1)
    started(line, a_turn())
    gone, late, taken = (a_turn() for _ in range(3))
    line.push(gone, math.inf, 0.0)
    line.push(late, 5.0, 0.0)
    line.push(taken, math.inf, 0.0)
    assert line.leave(gone)
    assert not line.leave(gone)
    assert list(line.overdue(5.0)) == [late]
    assert not line.leave(late)
    assert line.pop(None) is taken
    assert line.pop(None) is None
    assert (line.answer_tokens, line.prompt_tokens) == (0, 0)


def test_a_line_is_idle_when_nobody_waits_or_runs() -> None:
    """A slot that is taken is enough for a queue to be kept."""
    line = Line("tiny", 0.1)
    assert line.is_idle
    turn = started(line, a_turn())
    assert (line.is_idle, line.running, line.busy("http://box")) == (False, 1, 1)
    line.end(turn, 1.0, whole=True)
    assert line.is_idle


def test_a_slot_that_loads_is_waited_for() -> None:
    """While the running one's model still loads, others wait for that too."""
    line = Line("tiny", 0.1)
    started(line, a_turn()).began = 30.0
    waiting = a_turn()
    line.push(waiting, math.inf, 0.0)
    assert line.eta(waiting, 1, 0.0) == (1, 40.0)
    (turn,) = line.turns()
    line.end(turn, 5.0, whole=False)
    assert line.eta(waiting, 1, 5.0) == (1, 0.0)
