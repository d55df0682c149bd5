"""Inputs are read, and results written, as OpenAI does."""

from typing import Any

import msgspec
import pytest
from openai.types.moderation import Moderation as TheirResult

from localai import InvalidRequest, PayloadTooLarge
from plugins.guardrails.moderations.forms import (
    NOT_JUDGED,
    Input,
    ModerationRequest,
    inputs_of,
    result_of,
)

TEXT = {"type": "text", "text": "hello"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:,"}}


def inputs(given: Any, most: int = 3, longest: int = 20) -> list[Input]:
    """Return what is to be judged."""
    return inputs_of(
        msgspec.convert({"input": given}, ModerationRequest), most=most, longest=longest
    )


@pytest.mark.parametrize(
    ("given", "judged"),
    [
        ("hello", [Input(("hello",))]),
        ("", [Input(("",))]),
        (["a", "b"], [Input(("a",)), Input(("b",))]),
        ([TEXT], [Input(("hello",))]),
        (
            [TEXT, IMAGE, TEXT],
            [Input(("hello", "hello"), (("input[1].image_url.url", "data:,"),))],
        ),
        ([IMAGE], [Input((), (("input[0].image_url.url", "data:,"),))]),
    ],
)
def test_texts_are_judged_one_by_one_and_parts_together(given: Any, judged: list[Input]) -> None:
    """A list of texts has a result for each, a list of parts has one."""
    assert inputs(given) == judged


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ([], InvalidRequest, "is empty"),
        (["a", TEXT], InvalidRequest, "mixes texts and parts"),
        (["a"] * 4, PayloadTooLarge, "more than 3 items"),
        ("a" * 21, PayloadTooLarge, "longer than 20 characters"),
        (["a" * 11] * 2, PayloadTooLarge, "longer than 20 characters"),
        ([TEXT | {"text": "a" * 21}], PayloadTooLarge, "longer than 20 characters"),
    ],
)
def test_what_can_not_be_judged_is_refused(given: Any, error: type[Exception], says: str) -> None:
    """Nothing, a mixture and too much each have a message."""
    with pytest.raises(error, match=says):
        inputs(given)


def test_limits_are_the_largest_numbers_that_are_allowed() -> None:
    """As many items and characters as may be are judged."""
    assert len(inputs(["a" * 7, "a" * 7, "a" * 6])) == 3


def test_a_result_has_openais_categories_and_ours() -> None:
    """Theirs are false and say that they were applied to nothing; ours have their scores."""
    scores = {"pii/card": 1.0, "injection/override": 0.3}
    result = result_of(scores, frozenset({"pii/card"}), has_text=True)
    assert result.flagged
    assert [name for name, flagged in result.categories.items() if flagged] == ["pii/card"]
    assert set(result.categories) == set(result.category_scores) == {*NOT_JUDGED, *scores}
    assert result.category_scores["injection/override"] == 0.3
    assert result.category_applied_input_types["pii/card"] == ("text",)
    for name in NOT_JUDGED:
        assert (result.categories[name], result.category_scores[name]) == (False, 0.0)
        assert result.category_applied_input_types[name] == ()


def test_openais_own_type_reads_a_result() -> None:
    """No field that its client requires is missing."""
    result = result_of({"secrets": 0.0}, frozenset(), has_text=False)
    theirs = TheirResult.model_validate_json(msgspec.json.encode(result), strict=True)
    assert not theirs.flagged
    assert theirs.categories.model_extra == {"secrets": False}
    fields = TheirResult.model_fields["categories"].annotation
    assert fields is not None
    names = {field.alias or name for name, field in fields.model_fields.items()}
    assert names == set(NOT_JUDGED)
