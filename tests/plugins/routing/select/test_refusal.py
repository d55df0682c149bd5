"""What a caller is told where nothing will do."""

from dataclasses import replace
from typing import cast

import pytest

from localai import ContextTooLong, Forbidden, InvalidRequest, ModelNotFound, Unavailable
from plugins.routing.hosts.plugin import Hosts
from plugins.routing.select.choice import Candidate, Choice, Need
from plugins.routing.select.policy import Policy
from plugins.routing.select.refusal import checked
from plugins.routing.select.route import Question
from tests.plugins.routing.select.models import HERE, TEXT, candidate, prospect
from tests.plugins.routing.select.stage import Stage
from tests.plugins.routing.select.test_candidates import model
from tests.plugins.support import a_call


async def question(*candidates: Candidate, need: Need | None = None, **policy: bool) -> Question:
    """Return a question with these candidates."""
    asked = await Stage(model("any:1")).router.question(a_call(model="auto"), "auto")
    return replace(
        asked,
        candidates=candidates,
        need=need or Need(can=TEXT),
        policy=Policy(**policy),  # type: ignore[arg-type]
    )


def choice(first: float = 1.0, lateness: float = 0.0, load: float = 0.0) -> Choice:
    """Return a choice."""
    seen = prospect(first + 1, first, load=load)
    return Choice(candidate("a"), HERE, seen, 1.0, 0.5, lateness, 1)


class Resting:
    """Stands for `Hosts`."""

    def retry_after(self, model: str) -> float:
        """Return a time that differs by model."""
        return 20.0 if model == "a" else 12.0


async def test_a_choice_in_time_is_taken() -> None:
    """So is a late one where best effort is enough."""
    for made in (choice(), choice(lateness=2.0)):
        assert checked(await question(candidate("a")), made, None) is made


@pytest.mark.parametrize(
    ("made", "need", "error", "after"),
    [
        (choice(9, 4.5), Need(max_first=2), InvalidRequest, None),
        (choice(1, 5.5, load=10), Need(max_first=2), Unavailable, 10),
        (choice(1, 5.5, load=10), Need(max_total=2), Unavailable, 10),
        (choice(3, 5.5, load=10), Need(max_total=2), InvalidRequest, None),
    ],
)
async def test_without_best_effort_lateness_is_refused(
    made: Choice, need: Need, error: type[Exception], after: float | None
) -> None:
    """With 503 and the time until it would work, or 400 where waiting would not help."""
    with pytest.raises(error) as caught:
        checked(await question(candidate("a"), need=need, best_effort=False), made, None)
    assert caught.value.retry_after == after  # type: ignore[attr-defined]


async def test_nobody_is_told_apart() -> None:
    """No candidate, a missing capability, a long prompt and closed hosts each have their answer."""
    seeing = candidate("b", can=TEXT | {"vision"}, context=100)
    tools = candidate("a", can=TEXT | {"tools"}, context=50)
    for candidates, need, error, text in (
        ((), Need(can=TEXT), Forbidden, "your key may use none"),
        ((tools,), Need(can=TEXT | {"vision"}), ModelNotFound, "ollama pull llava"),
        ((tools, seeing), Need(can=TEXT | {"tools", "vision"}), ModelNotFound, "vision"),
        ((tools, seeing), Need(can=TEXT, prompt=100), ContextTooLong, "100 at most"),
        ((tools, seeing), Need(can=TEXT), Unavailable, "try again"),
    ):
        with pytest.raises(error, match=text):
            checked(await question(*candidates, need=need), None, None)


async def test_closed_hosts_open_again() -> None:
    """The time to wait is that of the first that opens."""
    asked = await question(candidate("a"), candidate("b"))
    with pytest.raises(Unavailable) as caught:
        checked(asked, None, cast(Hosts, Resting()))
    assert caught.value.retry_after == 12
