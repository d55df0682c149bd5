"""What the family shares, by router."""

from plugins.cache.digests import Digests
from plugins.cache.keeping import Keeping
from plugins.cache.memory import BoundedMemory
from plugins.cache.statistics import Statistics
from plugins.cache.store import Store
from plugins.cache.stores import keeping_of, offer, withdraw
from tests.plugins.cache.support import Router


def a_keeping(router: Router) -> Keeping:
    """Return one with an empty store."""
    store = Store(BoundedMemory(max_entries=10, max_bytes=10_000), max_answer=1000)
    return Keeping(store, Statistics(), Digests(router.identities), "tenant")


def test_it_is_found_by_its_router() -> None:
    """What is offered to one router is there, and nobody else's."""
    one, other = Router(), Router()
    keeping = a_keeping(one)
    assert keeping_of(one) is None
    offer(one, keeping)
    assert keeping_of(one) is keeping
    assert keeping_of(other) is None


def test_the_newest_counts() -> None:
    """After a reload the old plugin takes back only what is still its own."""
    router = Router()
    old, new = a_keeping(router), a_keeping(router)
    offer(router, old)
    offer(router, new)
    withdraw(router, old)
    assert keeping_of(router) is new
    withdraw(router, new)
    assert keeping_of(router) is None
