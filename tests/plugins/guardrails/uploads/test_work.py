"""What the router and the process that reads files say to each other."""

import json

from plugins.guardrails.uploads.work import Order, Refused, Result, encode, order_in, results_in
from tests.plugins.guardrails.uploads.samples import BOUNDS


def test_an_order_is_one_line() -> None:
    """It comes out as it went in, and has no line end within."""
    order = Order(bounds=BOUNDS, tasks=(("png", 12), ("pdf", 3)))
    assert b"\n" not in encode(order)
    assert order_in(encode(order)) == order
    assert json.loads(encode(order))["tasks"] == [["png", 12], ["pdf", 3]]


def test_results_are_one_line() -> None:
    """They come out as they went in, problems with line ends too."""
    results = (Result(size=5), Result(rule="broken", problem="is\nbroken"))
    assert b"\n" not in encode(results)
    assert results_in(encode(results)) == results


def test_a_refusal_has_its_rule() -> None:
    """The problem is what it says."""
    refused = Refused("broken", "is broken")
    assert (refused.rule, refused.problem, str(refused)) == ("broken", "is broken", "is broken")
