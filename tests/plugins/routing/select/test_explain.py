"""A choice with all its terms."""

import pytest

from localai import Message
from plugins.routing.catalogue.model import Loaded
from plugins.routing.select.explain import explain
from tests.plugins.routing.select.models import HERE
from tests.plugins.routing.select.stage import Stage
from tests.plugins.routing.select.test_candidates import model
from tests.plugins.support import a_call

SMALL = model("small:1", 3, quality=0.5)
HUGE = model("huge:1", 70, quality=0.95)
LARGE = model("large:1", 14, quality=0.9)


async def test_the_terms_make_the_cost() -> None:
    """Of each candidate: what it takes, what that costs, and their sum, of which the least wins."""
    stage = Stage(SMALL, LARGE, loaded={(HERE, "large:1"): Loaded(size=1)})
    call = a_call(model="auto", messages=(Message(role="user", content="hi"),))
    told = await explain(stage.router, call, "auto")
    rows = {(row["model"], row["host"]): row for row in told["candidates"]}
    assert all(sum(row["money"].values()) == pytest.approx(row["cost"]) for row in rows.values())
    best = min(rows.values(), key=lambda row: float(row["cost"]))
    assert best["chosen"]
    assert told["model"] == best["model"]
    assert rows["large:1", "1"]["loaded"]
    assert rows["large:1", "1"]["seconds"]["load"] == 0


async def test_why_candidates_are_out() -> None:
    """Too little quality, a missing capability, a short context, and too little memory are said."""
    short = model("short:1", 14, quality=0.9)
    short = short.replace(facts=short.facts.replace(context_length=10))
    blind = model("blind:1", 14, quality=0.9, can="completion vision")
    stage = Stage(SMALL, HUGE, LARGE, short, blind, memory=20 * 10**9)
    call = a_call(model="auto", messages=(Message(role="user", content="analyze " * 20),))
    told = await explain(stage.router, call, "auto")
    out = {row["model"]: row["out"] for row in told["candidates"]}
    assert out["small:1"] == "quality below 0.85"
    assert out["huge:1"] == "does not fit into the host's memory"
    assert out["short:1"] == "takes 10 tokens"
    assert told["model"] in ("large:1", "blind:1")
    tools = await explain(stage.router, call.replace(tools=({"function": {"name": "f"}},)), "auto")
    assert {row["out"] for row in tools["candidates"]} == {"can't do tools"}
    assert (tools["model"], tools["route"]) == (None, None)
