"""What docs/metrics.md promises, after all that a router does, with everything on."""

import asyncio
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.router import a_router
from tests.deploy.traffic import ask, everything
from tests.integration.box import SEEING

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "metrics.md"
ROW = re.compile(r"\| `([a-z0-9_]+)` \| (counter|gauge|histogram) \| ([^|]*)\|")
LONG_LOAD = 0.6
"""Seconds that a load takes which tells how fast its host loads."""
WORDS = re.compile(r"[a-z_]*(?:canary|4111 1111)[a-z_]*")


class Shape(NamedTuple):
    """What there is to know of a name, without its series."""

    kind: str
    labels: frozenset[str]


def documented() -> dict[str, Shape]:
    """Return all names of the document; none is there twice."""
    rows = [row for line in DOCUMENT.read_text().splitlines() if (row := ROW.match(line))]
    found = {row[1]: Shape(row[2], frozenset(re.findall(r"`([a-z_]+)`", row[3]))) for row in rows}
    assert len(found) == len(rows)
    return found


def exposed(text: str) -> dict[str, Shape]:
    """Return all names with at least one series."""
    found = {}
    for family in text_string_to_metric_families(text):
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        if family.samples:
            # The parser takes the suffix off.
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = Shape(family.type, frozenset(labels))
    return found


async def test_all_that_is_documented_is_there_and_the_reverse(tmp_path: Path) -> None:
    """Each name has its type and labels after a scripted run, nothing else is there, nothing of
    what was asked is in it, and promtool has nothing to say."""

    async def look() -> None:
        """Nobody looks."""

    async with a_router(tmp_path) as router:
        await everything(router, "canary", look)
        for model in router.double.models:
            model.load_seconds = LONG_LOAD
        assert await ask(router, "Load the canary", model=SEEING) == 200
        text = ""

        async def scraped() -> bool:
            nonlocal text
            text = (await router.client.get("/metrics")).text
            return "localai_http_requests_in_flight 1.0" in text

        while not await scraped():  # noqa: ASYNC110 - a request that was left may still run
            await asyncio.sleep(0.05)
    found, promised = exposed(text), documented()
    assert sorted(found.keys() - promised.keys()) == []
    assert sorted(promised.keys() - found.keys()) == []
    assert {name: shape for name, shape in found.items() if shape != promised[name]} == {}
    assert WORDS.findall(text) == []
    done = await asyncio.to_thread(
        subprocess.run,
        [shutil.which("promtool") or "promtool", "check", "metrics"],
        input=text.encode(),
        capture_output=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
