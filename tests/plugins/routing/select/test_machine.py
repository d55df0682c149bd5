"""The hosts as other plugins know them."""

from collections.abc import Iterable
from typing import cast

from plugins.routing.catalogue.model import Loaded
from plugins.routing.context.plugin import ContextGuard
from plugins.routing.estimate.memory import needed
from plugins.routing.estimate.terms import Outlook
from plugins.routing.hosts.host import Host
from plugins.routing.hosts.plugin import Hosts
from plugins.routing.queue.plugin import Queue
from plugins.routing.select.machine import USUAL_CONTEXT, Fleet, most_context
from tests.plugins.routing.select.models import HERE, THERE
from tests.plugins.routing.select.stage import Stage
from tests.plugins.routing.select.test_candidates import model

SMALL = model("small:1", 3)
LARGE = model("large:1", 14)


class Doors:
    """Stands for `Hosts`, and counts what it is asked."""

    def __init__(self, *open_hosts: str) -> None:
        self._hosts = [Host(url=url, label="1") for url in open_hosts]
        self.asked: list[str] = []

    def open_for(self, model: str) -> list[Host]:
        """Return those that are open."""
        self.asked.append(model)
        return self._hosts


class Waiting:
    """Stands for `Queue`."""

    is_idle = False

    def outlook(self, host: str, model: str) -> Outlook:
        """Return what tells whom it was asked about."""
        return Outlook(waiting=len(host), busy=len(model))

    def coming(self) -> set[tuple[str, str]]:
        """Return one that is being loaded."""
        return {(HERE, "large:1")}


def fleet(
    hosts: Doors | None = None,
    queue: Waiting | None = None,
    context: ContextGuard | None = None,
    loaded: Iterable[tuple[str, str]] = (),
) -> Fleet:
    """Return a fleet of two hosts with two models."""
    inside = {key: Loaded(size=7) for key in loaded}
    stage = Stage(SMALL, LARGE, loaded=inside, memory=99)
    return Fleet(
        [HERE, THERE],
        stage.catalogue,
        stage.estimator,
        context,
        cast(Hosts | None, hosts),
        cast(Queue | None, queue),
    )


def test_open_hosts_are_asked_for_once() -> None:
    """A host is open that takes requests for the model; without the plugin all are."""
    doors = Doors(THERE)
    found = fleet(hosts=doors)
    assert [found.is_open(each, "small:1") for each in (HERE, THERE, HERE)] == [False, True, False]
    assert doors.asked == ["small:1"]
    assert fleet().is_open(HERE, "small:1")
    assert fleet(Doors()).opened().is_open(HERE, "small:1")


def test_the_queue_tells_how_busy_a_host_is() -> None:
    """Without the queue, or with an idle one, it is known whether the model is in memory."""
    assert fleet(queue=Waiting()).outlook(HERE, "small:1").busy == len("small:1")
    idle = Waiting()
    idle.is_idle = True
    for queue in (None, idle):
        found = fleet(queue=queue, loaded=[(HERE, "small:1")])
        assert found.outlook(HERE, "small:1") == Outlook(is_loaded=True)
        assert found.outlook(THERE, "small:1") == Outlook()


def test_who_is_in_memory() -> None:
    """Those that the catalogue knows, with what they take and what it takes to load them."""
    found = fleet(loaded=[(HERE, "small:1"), (HERE, "unknown:1"), (THERE, "large:1")])
    assert found.loaded() == {(HERE, "small:1"), (THERE, "large:1")}
    (resident,) = found.residents(HERE)
    assert (resident.model.model, resident.size) == ("small:1", 7)
    assert resident.load_seconds > 1
    assert found.used(HERE) == 14
    assert (found.memory(HERE), list(found.hosts())) == (99, [HERE, THERE])


def test_who_is_on_its_way_takes_memory() -> None:
    """Models that are being loaded count as residents with what they will take."""
    found = fleet(queue=Waiting(), loaded=[(HERE, "small:1")])
    assert found.coming() == {(HERE, "large:1")}
    assert found.loaded() == {(HERE, "small:1")}
    assert found.used(HERE) == 7 + found.needed(HERE, "large:1")
    assert {each.model.model for each in found.residents(HERE)} == {"small:1", "large:1"}
    assert (found.used(THERE), fleet().coming()) == (0, set())


def test_what_a_model_needs() -> None:
    """Its file and its caches for the context that it is loaded with."""
    assert fleet().needed(HERE, "small:1") == needed(SMALL.facts, USUAL_CONTEXT)
    guard = ContextGuard(ContextGuard.Config(usual=4096))
    assert fleet(context=guard).context("large:1") == 4096


def test_the_longest_request() -> None:
    """It is what the context guard allows, or what is pinned, or what the model was trained for."""
    trained = SMALL.replace(facts=SMALL.facts.replace(context_length=8192))
    guard = ContextGuard(ContextGuard.Config(usual=1024, most=2048))
    assert most_context(trained, guard) == 2048
    assert most_context(trained, None) == 8192
    assert most_context(trained.replace(num_ctx=512), None) == 512
    assert most_context(SMALL, None) == 0
