"""From a call to a model."""

import random

import pytest

from localai import Call, Duration, Forbidden, Message, ModelNotFound, Principal
from plugins.routing.catalogue.model import Loaded, Model
from plugins.routing.catalogue.quality import guessed_quality
from plugins.routing.hosts.host import Host
from plugins.routing.hosts.plugin import Hosts
from plugins.routing.select.complexity import Complexity
from plugins.routing.select.machine import Fleet
from plugins.routing.select.policy import Policy
from plugins.routing.select.scorer import Scorer
from tests.pace import within, within_async
from tests.plugins.routing.select.models import HERE, THERE
from tests.plugins.routing.select.stage import BusyQueue, FixedHosts, FixedQuiet, Stage
from tests.plugins.routing.select.test_candidates import model
from tests.plugins.support import a_call, connecting

SMALL = model("small:1", 3, quality=0.5)
LARGE = model("large:1", 14, quality=0.9)
ELSEWHERE = "http://elsewhere"


def asking(text: str, **more: object) -> Call:
    """Return a chat with `auto`."""
    return a_call(model="auto", messages=(Message(role="user", content=text),), **more)


async def test_a_scorer_of_ones_own_is_asked() -> None:
    """A plugin that derives from `Scorer` takes the place of the built-in one."""

    class Hard(Scorer):
        def score(self, call: Call) -> Complexity:
            return Complexity(score=0.99, features={"mine": 1.0})

    assert (await Stage(SMALL, LARGE).router.route(asking("hi"), "auto")).model == "small:1"
    route = await Stage(SMALL, LARGE, more=[Hard()]).router.route(asking("hi"), "auto")
    assert route.model == "large:1"
    assert "complexity=0.99" in route.reason


async def test_a_model_is_named_where_no_host_takes_requests() -> None:
    """With all hosts away the model is chosen as if they were there: who asks them says what is
    wrong, and an old answer of it may be kept."""

    class Closed(Hosts):
        def open_for(self, model: str) -> list[Host]:
            return []

    closed = Closed(Hosts.Config())
    route = await Stage(SMALL, LARGE, more=[closed]).router.route(asking("hi"), "auto")
    assert route.model == "small:1"


async def test_the_tariff_and_saving_are_followed() -> None:
    """The price of the hour counts, and in saving hours only energy does; the floor holds."""
    for quiet, price, weight in (
        (FixedQuiet(None, False), 0.3, 1.0),
        (FixedQuiet(0.1, False), 0.1, 1.0),
        (FixedQuiet(0.1, True), 0.1, 0.0),
        (FixedQuiet(0.0, True), 1.0, 0.0),
    ):
        stage = Stage(SMALL, LARGE, more=[quiet])
        question = await stage.router.question(asking("hi"), "auto")
        assert (question.terms.price, question.terms.weight_time) == (price, weight)
        hard = await stage.router.route(asking("analyze this"), "auto")
        assert hard.model == "large:1"


async def test_saving_takes_less_energy_for_more_time() -> None:
    """What is loaded and dear gives way to what must be loaded and needs less."""
    models = (model("larger:1", 7), model("smaller:1", 6))
    loaded = {(HERE, "larger:1"): Loaded(size=9)}
    text = asking("hi")
    usual = Stage(*models, loaded=loaded)
    assert (await usual.router.route(text, "auto")).model == "larger:1"
    saving = Stage(*models, loaded=loaded, more=[FixedQuiet(None, True)])
    assert (await saving.router.route(text, "auto")).model == "smaller:1"


async def test_who_may_use_none_is_refused() -> None:
    """A key without a candidate gets 403, and a catalogue without one that can do it 404."""
    stage = Stage(SMALL)
    with pytest.raises(Forbidden):
        await stage.router.route(
            asking("hi", principal=Principal(id="x", models=("auto",))), "auto"
        )
    with pytest.raises(ModelNotFound, match="ollama pull qwen"):
        await stage.router.route(asking("hi", tools=({"function": {"name": "f"}},)), "auto")


async def test_embeddings_are_counted() -> None:
    """A model that a policy embeds with is asked for as often as if it were named."""
    stage = Stage(SMALL, model("vectors:1", can="embedding"))
    await stage.router.route(a_call(kind="embed", model="auto", inputs=("x",)), "auto")
    assert stage.select._selector.demand.of("vectors:1") > 0


@pytest.mark.parametrize(
    ("caller", "headers", "seconds"),
    [
        (Principal(id="key:1", user="anna", tenant="team"), {}, 1.0),
        (Principal(id="key:2", user="anna", tenant="team"), {}, 2.0),
        (Principal(id="key:2", user="bert", tenant="team"), {}, 3.0),
        (Principal(id="key:2", user="bert", tenant="other"), {}, 9.0),
        (Principal(id="key:1"), {"x-localai-max-latency": "5s"}, 5.0),
    ],
)
async def test_the_file_may_say_how_soon_a_caller_needs_it(
    caller: Principal, headers: dict[str, str], seconds: float
) -> None:
    """The request counts first, then its key, its user, its tenant, and last the policy."""
    latencies = {"key:1": 1.0, "anna": 2.0, "team": 3.0}
    policy = Policy(max_latency=Duration(9))
    stage = Stage(SMALL, max_latency=latencies, policies={"auto": policy})
    call = asking("hi", principal=caller, connection=connecting(**headers))
    assert (await stage.router.question(call, "auto")).latency == seconds


async def test_preferred_tags_win() -> None:
    """A policy's tags come before the cost, and the reason says so."""
    tagged = LARGE.replace(tags=frozenset({"code"}))
    stage = Stage(SMALL, tagged, policies={"auto": Policy(prefer=("code",))})
    route = await stage.router.route(asking("hi"), "auto")
    assert route.model == "large:1"
    assert "preferred" in route.reason


async def test_hosts_are_told_by_their_place() -> None:
    """Callers never see an address."""
    stage = Stage(SMALL, urls=(HERE, THERE))
    assert [stage.router.label(each) for each in (HERE, THERE, ELSEWHERE)] == ["1", "2", ""]


def fifty() -> list[Model]:
    """Return fifty models of 0.5 to 70 billion parameters, each on three hosts."""
    draw = random.Random(6).random  # noqa: S311
    made = []
    for number in range(50):
        billions = 0.5 * 140 ** draw()
        each = model(f"model{number}:1", billions, quality=_quality(billions))
        facts = each.facts.replace(context_length=32_768, kv_bytes=100_000)
        made.append(each.replace(facts=facts, hosts=dict.fromkeys((HERE, THERE, ELSEWHERE), facts)))
    return made


def _quality(billions: float) -> float:
    parameters = int(billions * 1e9)
    return guessed_quality(parameters, parameters)


@pytest.mark.parametrize("is_busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize("memory", [0, 48 * 2**30], ids=["unknown", "tight"])
@pytest.mark.parametrize("text", ["hi", "Write a Python function", "Analyze this"])
async def test_choosing_is_quick(text: str, memory: int, is_busy: bool) -> None:
    """Of 50 models on 3 hosts, three of them in memory on each, one is chosen in 150 µs."""
    models = fifty()
    urls = (HERE, THERE, ELSEWHERE)
    loaded = {
        (host, each.name): Loaded(size=each.facts.size, num_ctx=8192)
        for at, host in enumerate(urls)
        for each in models[3 * at : 3 * at + 3]
    }
    stage = Stage(*models, loaded=loaded, memory=memory, urls=urls)
    hosts = FixedHosts(urls)
    queue = BusyQueue(stage, *([(HERE, models[20].name)] if is_busy else []))
    stage.add(hosts, queue)
    for each in ("hi", "Write a Python function", "Analyze this") * 10:
        await stage.router.route(asking(each), "auto")
    selector = stage.router._selector
    question = await stage.router.question(asking(text), "auto")

    def choose() -> None:
        # What is asked of other plugins is kept for one request only.
        fleet = Fleet(urls, stage.catalogue, stage.estimator, None, hosts, queue)
        ask = question
        assert selector.preview(ask.candidates, ask.need, ask.terms, fleet, ask.now) is not None

    def five() -> None:
        for _ in range(5):
            choose()

    within(5 * 150e-6, five, tries=50)


async def test_a_whole_route_is_quick() -> None:
    """With complexity, needs and the count, a usual request takes less than 500 µs."""
    models = fifty()
    stage = Stage(*models, urls=(HERE, THERE, ELSEWHERE))
    call = asking("Please explain how the scheduler of Linux picks a task. " * 8)
    await within_async(500e-6, lambda: stage.router.route(call, "auto"))
