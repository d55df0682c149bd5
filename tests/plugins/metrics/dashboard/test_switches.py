"""The list of plugins."""

from pathlib import Path

from plugins.metrics.dashboard.switches import listed
from tests.plugins.support import serving

MORE = """
[plugins.auth.static]
keys = []
[plugins.guardrails]
enabled = false
"""


async def test_each_plugin_says_whether_it_can_be_switched(tmp_path: Path) -> None:
    """What can't be switched here says why, and the others say nothing."""
    chain = "metrics.dashboard auth guardrails cache"
    async with serving(tmp_path, chain, MORE) as (router, _):
        found = {each["name"]: each for each in listed(router.gateway)}
    reasons = {name: each["why_not"] or "" for name, each in found.items()}
    assert reasons["cache.exact"] == reasons["cache.semantic"] == reasons["auth.limits"] == ""
    assert reasons["metrics.dashboard"].startswith("this page is it")
    assert reasons["auth.keys"].startswith("it decides who comes in")
    assert reasons["routing.queue"].startswith("[chain] plugins has neither")
    assert reasons["guardrails.pii"] == "all of 'guardrails' is off: edit localai.toml"
    assert all(each["switchable"] is (each["why_not"] is None) for each in found.values())
    exact = found["cache.exact"]
    assert (exact["family"], exact["enabled"], exact["fail_mode"]) == ("cache", True, "open")
    assert not found["cache.semantic"]["enabled"]
    assert all(each["what"] for each in found.values())
