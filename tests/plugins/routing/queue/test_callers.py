"""Who asks."""

import pytest

from localai import Principal
from plugins.routing.queue.callers import Callers
from plugins.routing.queue.turn import Turn
from tests.plugins.support import a_call, connecting


def turn_of(principal: Principal, callers: Callers | None = None, priority: str = "") -> Turn:
    """Return the turn of a call with this wish."""
    headers = {"x-localai-priority": priority} if priority else {}
    call = a_call(principal=principal, connection=connecting(**headers))
    return (callers or Callers({}, ())).turn(call)


ME = Principal(id="key:me", tenant="team")


def test_shares_are_by_key() -> None:
    """Each key has a share of its own, which weighs 1."""
    turn = turn_of(ME)
    assert (turn.key, turn.weight, turn.is_batch) == ("key:me", 1.0, False)


def test_weights_are_by_key_or_tenant() -> None:
    """A key's own weight counts before its tenant's."""
    assert turn_of(ME, Callers({"team": 2.0}, ())).weight == 2.0
    assert turn_of(ME, Callers({"team": 2.0, "key:me": 3.0}, ())).weight == 3.0
    assert turn_of(ME, Callers({"others": 2.0}, ())).weight == 1.0


@pytest.mark.parametrize(
    ("priority", "expected"), [("", False), ("batch", True), (" Batch ", True), ("urgent", False)]
)
def test_everybody_may_be_a_batch(priority: str, expected: bool) -> None:
    """A caller may lower its own priority; what is no priority changes nothing."""
    assert turn_of(ME, priority=priority).is_batch == expected


def test_the_router_itself_is_a_batch() -> None:
    """What the router asks for its own sake comes after people."""
    assert turn_of(ME.on_behalf()).is_batch
    assert Callers({}, ()).turn(a_call(principal=ME.on_behalf())).is_batch


def test_some_are_batches_unless_they_may_say_otherwise() -> None:
    """A key or tenant of the file is a batch; only with a scope it may say that it is none."""
    callers = Callers({}, ["team"])
    assert turn_of(ME, callers).is_batch
    assert turn_of(ME, Callers({}, ["key:me"])).is_batch
    assert turn_of(ME, callers, "interactive").is_batch
    scoped = ME.replace(scopes=frozenset({"queue:interactive"}))
    assert not turn_of(scoped, callers, "interactive").is_batch
    assert turn_of(scoped, callers).is_batch
