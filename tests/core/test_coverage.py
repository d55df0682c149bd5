"""Where guards run."""

from typing import Any

import pytest

from core.api import ollama, openai
from core.config import parse
from core.coverage import check_coverage, coverage
from core.errors import SettingsError
from core.loader import FailMode, Plugin


class Guard:
    """A guard's instance."""

    def around_inference(self, next: Any) -> Any:
        """Guard nothing."""
        return next


class InputGuard:
    """The instance of a guard that sees no answers."""

    async def before_inference(self, call: Any) -> Any:
        """Guard nothing."""
        return call


def plugin(name: str, *, fail: FailMode = "closed", instance: Any = None, **more: Any) -> Plugin:
    """Return a loaded plugin."""
    if "guards" in more:
        more["guards"] = frozenset(more["guards"].split())
    return Plugin(name, f"its:{name}", instance or Guard(), fail, "", **more)


def test_every_endpoint_that_infers_is_there() -> None:
    """Each endpoint with a model behind it has a row, and one more if it streams."""
    operations = [*openai.OPERATIONS, *ollama.OPERATIONS]
    rows = coverage([plugin("a", guards="input output")], operations)
    asks = [each for each in operations if each.scope in ("chat", "embeddings")]
    assert {row.endpoint for row in rows} == {f"POST {each.path}" for each in asks}
    assert all(each.kind for each in asks)
    streams = {row.endpoint for row in rows if row.mode == "stream"}
    assert streams == {f"POST {each.path}" for each in asks if each.streams}


def test_a_cell_says_in_which_directions_a_guard_runs() -> None:
    """Those that it guards, where there is text; vectors have none."""
    plugins = [
        plugin("both", guards="input output"),
        plugin("none"),
        plugin("out", guards="output", fail="open"),
    ]
    rows = {
        (row.endpoint, row.mode): [sorted(cell) for cell in row.cells]
        for row in coverage(plugins, openai.OPERATIONS)
    }
    assert rows["POST /v1/chat/completions", "stream"] == [["input", "output"], ["output"]]
    assert rows["POST /v1/embeddings", "plain"] == [["input"], []]


@pytest.mark.parametrize(
    ("plugins", "complaint"),
    [
        ([plugin("cache", answers=True), plugin("guard", guards="output")], "'cache' can answer"),
        ([plugin("cache", answers=True), plugin("guard", guards="input")], "'cache' can answer"),
        ([plugin("guard", guards="input", instance=object())], "no before_inference"),
        ([plugin("guard", guards="output", instance=InputGuard())], "no around_inference"),
    ],
    ids=["output", "input", "no hook", "no handler"],
)
def test_a_gap_is_refused(plugins: list[Plugin], complaint: str) -> None:
    """A closed guard that something could pass by stops the start."""
    with pytest.raises(SettingsError, match=complaint):
        check_coverage(parse("", None), plugins)


@pytest.mark.parametrize(
    "plugins",
    [
        [plugin("guard", guards="output"), plugin("cache", answers=True)],
        [plugin("cache", answers=True), plugin("watcher", guards="output", fail="open")],
        [plugin("cache", answers=True), plugin("other")],
        [plugin("guard", guards="input", instance=InputGuard()), plugin("cache", answers=True)],
        [],
    ],
    ids=["outside", "open", "no guard", "input only", "nothing"],
)
def test_what_leaves_no_gap_is_let_be(plugins: list[Plugin]) -> None:
    """A guard outside of what answers, or one that may fail, or none, is no reason to refuse."""
    check_coverage(parse("", None), plugins)
