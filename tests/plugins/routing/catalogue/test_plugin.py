"""The models of several hosts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from localai import Duration, Gateway, SettingsError, Size, UpstreamUnreachable
from plugins.routing.catalogue import plugin as module
from plugins.routing.catalogue.declared import Declared
from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.hardware.card import Card
from plugins.routing.hardware.plugin import Hardware
from plugins.routing.hardware.reading import Reading
from tests.double import Model
from tests.plugins.routing.catalogue.asked import Asked, in_memory, listed
from tests.plugins.routing.fleet import fleet, until

ONE, TWO = "http://127.0.0.1:1", "http://two.example:1"


class Fleet:
    """Stands for the gateway: hosts that answer by what `Asked` says of each."""

    def __init__(self, **hosts: Asked) -> None:
        self.asked = {{"one": ONE, "two": TWO}[name]: asked for name, asked in hosts.items()}
        self.plugins: dict[type, object] = {}
        self.embedded = "never"
        self.is_started = asyncio.Event()
        self.is_started.set()

    @property
    def hosts(self) -> Any:
        """The hosts of the file."""
        return SimpleNamespace(urls=list(self.asked), ask=self._ask)

    @property
    def settings(self) -> Any:
        """The settings."""
        return SimpleNamespace(ollama=SimpleNamespace(embedded=self.embedded))

    async def started(self) -> None:
        """Wait for the start."""
        await self.is_started.wait()

    def find(self, kind: type) -> Any:
        """Return another plugin."""
        return self.plugins.get(kind)

    async def _ask(self, host: str, path: str, body: object = None, timeout: float = 10) -> Any:
        return await self.asked[host](host, path, body, timeout)


@asynccontextmanager
async def running(gateway: Fleet, **settings: Any) -> AsyncIterator[Catalogue]:
    """Run the plugin in front of these hosts, after its first look."""
    catalogue = Catalogue(Catalogue.Config(**settings))
    async with catalogue.lifespan(cast(Gateway, gateway)):
        await catalogue.ready()
        yield catalogue


def names(catalogue: Catalogue) -> Sequence[str]:
    """Return the models' names."""
    return [model.name for model in catalogue.models.values()]


async def test_models_of_all_hosts_are_one_catalogue() -> None:
    """A name that several hosts have is one model, with what each host says of it."""
    two = Asked("b", "A:latest")
    two.answers["/api/tags"]["models"][1]["size"] = 7
    async with running(Fleet(one=Asked("a"), two=two)) as catalogue:
        assert names(catalogue) == ["a:latest", "b:latest"]
        model = catalogue.find("registry.ollama.ai/library/A")
        assert model is not None
        assert {url: facts.size for url, facts in model.hosts.items()} == {ONE: 1000, TWO: 7}
        assert model.facts.size == 1000
        assert catalogue.find("c") is None


async def test_what_the_file_says_is_merged() -> None:
    """Declared models and patterns have their quality, the others a guess."""
    said = {"a": Declared(quality="excellent"), "b*": Declared(num_ctx=512)}
    async with running(Fleet(one=Asked("a", "b:x")), models=said) as catalogue:
        qualities = [round(model.quality, 2) for model in catalogue.models.values()]
        assert qualities == [0.9, 0.78]
        assert catalogue.models["b:x"].num_ctx == 512


async def test_a_host_that_fails_does_not_hide_others() -> None:
    """The first look is done with those that answer."""
    dead = Asked()
    dead.answers["/api/tags"] = UpstreamUnreachable("away")
    async with running(Fleet(one=dead, two=Asked("b"))) as catalogue:
        assert names(catalogue) == ["b:latest"]
        assert await catalogue.health() == {"models": 1, "age_seconds": None}


async def test_who_waits_for_the_first_look_waits_to_a_bound() -> None:
    """A host that does not answer holds up the first requests for `start_wait` only."""
    slow = Asked("a")
    slow.gates["/api/tags"] = asyncio.Event()
    async with running(Fleet(one=slow, two=Asked("b")), start_wait=0.05) as catalogue:
        await until(lambda: names(catalogue) == ["b:latest"])
        slow.gates["/api/tags"].set()
        await until(lambda: names(catalogue) == ["a:latest", "b:latest"])


async def test_nothing_is_asked_before_the_router_has_started() -> None:
    """Until all plugins run there is nobody to ask; then the look begins by itself."""
    gateway = Fleet(one=Asked("a"))
    gateway.is_started.clear()
    catalogue = Catalogue(Catalogue.Config())
    async with catalogue.lifespan(cast(Gateway, gateway)):
        await asyncio.sleep(0)
        assert (catalogue.find("a"), catalogue.loaded(ONE, "a")) == (None, None)
        gateway.is_started.set()
        await catalogue.ready()
        assert names(catalogue) == ["a:latest"]


async def test_it_looks_again_and_again() -> None:
    """What is pulled, deleted or loaded is known after `refresh`; what is the same stays so."""
    asked = Asked("a", "b")
    async with running(Fleet(one=asked), refresh=0.01) as catalogue:
        before = catalogue.models
        looks = asked.asked.count("/api/ps")
        await until(lambda: asked.asked.count("/api/ps") > looks + 2, 20)
        assert catalogue.models is before
        asked.answers["/api/tags"] = {"models": [listed("b"), listed("c")]}
        await until(lambda: names(catalogue) == ["b:latest", "c:latest"])
        assert catalogue.models["b:latest"] is before["b:latest"]
        asked.answers["/api/ps"] = {"models": [in_memory("c")]}
        await until(lambda: catalogue.loaded(ONE, "c"))
        assert catalogue._described.get("digest of a") is None


async def test_a_name_that_is_not_there_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for it brings one look, however many ask; then it is there if it was pulled."""
    monkeypatch.setattr(module, "LEAST_PAUSE", 0.1)
    asked = Asked("a")
    async with running(Fleet(one=asked)) as catalogue:
        asked.answers["/api/tags"] = {"models": [listed("a"), listed("new")]}
        looks = asked.asked.count("/api/tags")
        for _ in range(100):
            assert catalogue.find("new") is None
        await until(lambda: catalogue.models.get("new:latest"))
        assert asked.asked.count("/api/tags") == looks + 1


async def test_a_look_can_be_had_at_once() -> None:
    """Whoever pulled a model asks for one, of all hosts or of one."""
    one, two = Asked(), Asked()
    async with running(Fleet(one=one, two=two)) as catalogue:
        one.answers["/api/tags"] = two.answers["/api/tags"] = {"models": [listed("new")]}
        await catalogue.refresh(TWO)
        assert list(catalogue.models["new:latest"].hosts) == [TWO]
        await catalogue.refresh()
        assert list(catalogue.models["new:latest"].hosts) == [ONE, TWO]


async def test_what_was_seen_is_in_memory() -> None:
    """An answer and an unload count at once; hosts that nobody knows are passed over."""
    async with running(Fleet(one=Asked("a"))) as catalogue:
        for host in (ONE, "http://unknown"):
            catalogue.note(host, "A", num_ctx=100, keep_alive=-1)
        loaded = catalogue.loaded(ONE, "a")
        assert loaded is not None
        assert loaded.size == 1000 + 100 * 131_072
        assert catalogue.all_loaded(ONE) == {"a:latest": loaded}
        assert catalogue.all_loaded("http://unknown") == {}
        for host in (ONE, "http://unknown"):
            catalogue.gone(host, "a:latest")
        assert catalogue.loaded(ONE, "a") is None


async def test_memory_is_the_files_or_the_machines() -> None:
    """The file says it for any host, the hardware for this machine; else nobody knows."""
    gateway = Fleet(one=Asked(), two=Asked())
    async with running(gateway) as catalogue:
        assert catalogue.memory(ONE) == 0
        reading = Reading(at=0.0, card=Card(name="card1", is_integrated=True, vram=5, gtt=100))
        hardware = SimpleNamespace(reading=lambda: reading)
        gateway.plugins[Hardware] = hardware
        assert (catalogue.memory(ONE), catalogue.memory(TWO)) == (105, 0)
        hardware.reading = lambda: None
        assert catalogue.memory("http://localhost:2") == 0
    with capture_logs() as lines:
        said = {f"{TWO}/": Size(7), "http://none": Size(1)}
        async with running(gateway, memory=said) as catalogue:
            assert (catalogue.memory(TWO), catalogue.memory(ONE)) == (7, 0)
    assert [line["host"] for line in lines if line.get("setting") == "memory"] == ["http://none"]


async def test_declared_models_that_are_nowhere_are_named() -> None:
    """One line of the log says which, when all hosts have been seen; patterns are no models."""
    said = {"gone": Declared(), "a": Declared(), "q*": Declared()}
    with capture_logs() as lines:
        async with running(Fleet(one=Asked("a")), models=said, refresh=0.01) as catalogue:
            await catalogue.refresh()
    assert [line["models"] for line in lines] == [["gone:latest"]]


async def test_the_engine_alone_has_no_catalogue() -> None:
    """Where the file wants the built-in engine only, no host is asked."""
    asked = Asked("a")
    gateway = Fleet(one=asked)
    gateway.embedded = "always"
    async with running(gateway) as catalogue:
        assert (names(catalogue), asked.asked) == ([], [])


async def test_other_hosts_of_the_file_are_followed() -> None:
    """After a reload with other hosts those count, and nothing of the others stays."""
    gateway = Fleet(one=Asked("a"), two=Asked("b"))
    async with running(gateway) as catalogue:
        del gateway.asked[ONE]
        await catalogue.refresh()
        assert (names(catalogue), catalogue.loaded(ONE, "a")) == (["b:latest"], None)


async def test_a_host_that_is_taken_away_does_not_end_looking() -> None:
    """Also while it is just looked at: the others are looked at again and again."""
    slow = Asked("a")
    slow.gates["/api/tags"] = asyncio.Event()
    gateway = Fleet(one=slow, two=Asked("b"))
    async with running(gateway, refresh=0.01, start_wait=0.01) as catalogue:
        await until(lambda: names(catalogue) == ["b:latest"])
        del gateway.asked[ONE]
        await catalogue.refresh()
        gateway.asked[TWO].answers["/api/tags"] = {"models": [listed("c")]}
        await until(lambda: names(catalogue) == ["c:latest"])


async def test_other_settings_go_on_with_what_was_seen() -> None:
    """The plugin of the new settings has the models from its start, and asks for none anew."""
    asked = Asked("a")
    asked.answers["/api/ps"] = {"models": [in_memory("a")]}
    gateway = Fleet(one=asked)
    async with running(gateway) as before:
        gateway.plugins[Catalogue] = before
        after = Catalogue(Catalogue.Config(models={"a": Declared(quality=1)}))
        async with after.lifespan(cast(Gateway, gateway)):
            assert (names(after), after.models["a:latest"].quality) == (["a:latest"], 1)
            assert after.loaded(ONE, "a") is not None
            await after.refresh()
    assert len(asked.described) == 1


async def test_figures_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models in memory are measured by host and name, up to a number of them."""
    monkeypatch.setattr(module, "MOST_MEASURED", 2)
    asked = Asked("a", "b", "c")
    asked.answers["/api/ps"] = {"models": [in_memory(name) for name in "cba"]}
    async with running(Fleet(one=asked, two=Asked())) as catalogue:
        figures = {each.name: list(each.values) for each in catalogue.measures()}
    assert figures == {
        "localai_models": [(("1",), 3.0), (("2",), 0.0)],
        "localai_model_loaded_bytes": [
            (("1", "a:latest"), 1500.0),
            (("1", "b:latest"), 1500.0),
        ],
    }


async def test_a_crash_does_not_end_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is logged, and the next look comes."""
    asked = Asked("a")
    asked.answers["/api/tags"] = RuntimeError("a bug")
    with capture_logs() as lines:
        async with running(Fleet(one=asked), refresh=0.01) as catalogue:
            asked.answers["/api/tags"] = {"models": [listed("a")]}
            monkeypatch.setattr(module, "LEAST_PAUSE", 0.0)
            await until(lambda: names(catalogue) == ["a:latest"])
    assert "looking at the models failed" in {line["event"] for line in lines}


def test_it_can_not_look_all_the_time() -> None:
    """A time of nothing between two looks is an error of the file."""
    with pytest.raises(SettingsError, match="refresh: expected a time above 0"):
        Catalogue(Catalogue.Config(refresh=Duration(0)))


async def test_hosts_come_and_go(tmp_path: Path) -> None:
    """Over real sockets: a host that is stopped keeps its models until it is back with others."""
    settings = 'refresh = "50ms"'
    models = [[Model(name="a"), Model(name="both")], [Model(name="both"), Model(name="b")]]
    async with fleet(tmp_path, *models, catalogue=settings) as one:
        catalogue, (first, second) = one.catalogue, one.doubles
        await catalogue.ready()
        assert set(catalogue.models) == {"a:latest", "b:latest", "both:latest"}
        await one.client.post("/api/chat", json={"model": "a", "messages": []})
        await catalogue.refresh(first.url)
        assert catalogue.loaded(first.url, "a") is not None
        await first.stop()
        await catalogue.refresh(first.url)
        assert (catalogue.loaded(first.url, "a"), len(catalogue.models)) == (None, 3)
        second.add(Model(name="new"))
        await catalogue.refresh()
        assert catalogue.find("new") is not None
        first.remove("a")
        await first.start()
        await catalogue.refresh(first.url)
        assert set(catalogue.models) == {"b:latest", "both:latest", "new:latest"}


@pytest.mark.parametrize("profile", ["0.32", "0.24"])
async def test_a_hundred_models_are_known_soon(tmp_path: Path, profile: Any) -> None:
    """Of a host with a hundred models all are described with the first look, of any version."""
    models = [Model(name=f"m{number}", template="{{ .Tools }}") for number in range(99)]
    models.append(Model(name="e", pooling="MEAN", capabilities=("embedding",)))
    async with fleet(tmp_path, models) as one:
        one.doubles[0].profile = profile
        await one.catalogue.refresh()
        found = one.catalogue.models
        assert len(found) == 100
        assert all(model.facts.kv_bytes for model in found.values())
        assert found["e:latest"].facts.capabilities == {"embedding"}
        assert "completion" in found["m0:latest"].facts.capabilities
