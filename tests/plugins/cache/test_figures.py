"""The cache's figures for /metrics."""

from plugins.cache.entry import Head
from plugins.cache.figures import measures
from plugins.cache.memory import BoundedMemory
from plugins.cache.statistics import KINDS, Statistics


async def test_each_count_has_its_name() -> None:
    """What was asked, kept and saved is told by kind, and what memory holds."""
    statistics = Statistics()
    statistics.hit("chat", Head(key="chat:1", stored_at=0.0, kind="chat", seconds=2.5, tokens=40))
    statistics.miss("embed", 3)
    statistics.join("chat")
    statistics.bypass("generate")
    statistics.stored("embed", 2)
    memory = BoundedMemory(max_entries=1, max_bytes=10_000)
    for key in ("a", "b"):
        await memory.set(key, b"value")
    found = {each.name: dict(each.values) for each in measures(statistics, memory.figures())}
    lookups = {key: count for key, count in found["localai_cache_lookups_total"].items() if count}
    assert lookups == {
        ("chat", "hit"): 1,
        ("chat", "join"): 1,
        ("embed", "miss"): 3,
        ("generate", "bypass"): 1,
    }
    assert found["localai_cache_stored_total"]["embed",] == 2
    assert found["localai_cache_saved_seconds_total"]["chat",] == 2.5
    assert found["localai_cache_saved_tokens_total"]["chat",] == 40
    assert found["localai_cache_up"] == {(): 1}
    assert found["localai_cache_entries"] == {(): 1}
    assert found["localai_cache_bytes"][()] == memory.bytes
    assert found["localai_cache_evictions_total"] == {(): 1}


def test_nothing_is_made_up() -> None:
    """What a server does not tell is left out, and it counts as away when it is; all kinds are
    there from the start."""
    found = {
        each.name: dict(each.values)
        for each in measures(Statistics(), {"entries": None, "bytes": None, "up": False})
    }
    assert found["localai_cache_up"] == {(): 0}
    assert not found.keys() & {"localai_cache_entries", "localai_cache_bytes"}
    assert found["localai_cache_stored_total"] == {(kind,): 0 for kind in KINDS}
