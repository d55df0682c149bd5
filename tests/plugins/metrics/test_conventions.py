"""Names that figures and spans share."""

from typing import get_args

from opentelemetry.semconv._incubating.attributes.gen_ai_attributes import (
    GenAiOperationNameValues,
)
from opentelemetry.semconv.attributes.http_attributes import HttpRequestMethodValues

from localai import Call
from plugins.metrics.conventions import METHODS, OPERATIONS


def test_each_kind_of_call_has_an_operation_of_the_conventions() -> None:
    """No kind is without one, and none is of our own making."""
    assert set(OPERATIONS) == {*get_args(Call.__annotations__["kind"])}
    assert {*OPERATIONS.values()} <= {each.value for each in GenAiOperationNameValues}


def test_methods_are_those_of_the_conventions() -> None:
    """A figure or a span never names another one."""
    assert {each.value for each in HttpRequestMethodValues} >= METHODS
