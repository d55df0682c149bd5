"""What the process says about schemas and texts."""

import io
import json
import resource
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.schema.worker import (
    BAD_SCHEMA,
    LONGEST,
    MOST_COMPILED,
    MOST_ERRORS,
    NOT_JSON,
    Judgement,
    bound,
    serve,
)
from tests.pace import within
from tests.plugins.guardrails.schema.support import BAD, GOOD, NUMBERED

DRAFTS = (
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xy"), inner),
    max_leaves=6,
)
limits = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["object", "array", "string", "integer", "boolean", "null"]),
        "enum": st.lists(st.integers(-1, 1) | st.text("ab", max_size=1), min_size=1, max_size=3),
        "minimum": st.integers(-2, 2),
        "maxLength": st.integers(0, 3),
        "minItems": st.integers(0, 2),
        "required": st.lists(st.sampled_from("xy"), unique=True),
    },
)
schemas = st.recursive(
    limits,
    lambda inner: st.tuples(
        limits,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(st.sampled_from("xy"), inner),
                "additionalProperties": inner,
                "items": inner,
                "anyOf": st.lists(inner, min_size=1, max_size=2),
                "not": inner,
            },
        ),
    ).map(lambda both: both[0] | both[1]),
    max_leaves=4,
)


def fits(schema: dict[str, Any], value: Any) -> bool:
    """Say by the letter of the specification, and slowly, whether a value fits a schema."""
    return all(_holds(schema, keyword, wanted, value) for keyword, wanted in schema.items())


def _holds(schema: dict[str, Any], keyword: str, wanted: Any, value: Any) -> bool:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    items = value.items() if isinstance(value, dict) else ()
    others = [each for key, each in items if key not in schema.get("properties", {})]
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    if keyword == "type":
        return is_integer if wanted == "integer" else isinstance(value, kinds[wanted])
    holds: dict[str, Callable[[], bool]] = {
        "enum": lambda: any(each == value and type(each) is type(value) for each in wanted),
        "minimum": lambda: not is_integer or value >= wanted,
        "maxLength": lambda: not isinstance(value, str) or len(value) <= wanted,
        "minItems": lambda: not isinstance(value, list) or len(value) >= wanted,
        "required": lambda: not isinstance(value, dict) or set(wanted) <= set(value),
        "properties": lambda: all(fits(wanted[key], each) for key, each in items if key in wanted),
        "additionalProperties": lambda: all(fits(wanted, each) for each in others),
        "items": lambda: not isinstance(value, list) or all(fits(wanted, each) for each in value),
        "anyOf": lambda: any(fits(each, value) for each in wanted),
        "not": lambda: not fits(wanted, value),
    }
    return holds[keyword]()


@given(schemas, values)
def test_verdicts_are_those_of_the_specification(schema: dict[str, Any], value: Any) -> None:
    """A text fits exactly when a slow reading of the specification says so."""
    answer = Judgement().answer(json.dumps(schema), json.dumps(value), True)
    assert (answer is None) == fits(schema, value)


@pytest.mark.parametrize(
    "text",
    ["", "{", GOOD + GOOD, "NaN", "[-Infinity]", "1e", "'x'", "[1,]", "[" * 100_000, "9" * 5_000],
    ids=lambda text: text[:10],
)
def test_what_is_no_json_is_told_so(text: str) -> None:
    """Text that is no JSON, or none that can be read, breaks the rule `json` and nothing else."""
    rule, place, hint = Judgement().answer("{}", text, True) or ("", "", "")
    assert (rule, place) == (NOT_JSON, "")
    assert hint.startswith("it is not valid JSON: ")


def test_a_flaw_names_its_rule_and_place_in_the_schema() -> None:
    """Rule and place hold nothing of the text; the hint for the model says what is wrong."""
    answer = Judgement().answer(json.dumps(NUMBERED), BAD, True)
    assert answer == (
        "type",
        "/properties/n/type",
        '/n: "private words" is not of type "integer"',
    )


def test_hints_are_bounded() -> None:
    """However much is wrong with a text, the hint tells of five errors and is short."""
    schema = json.dumps({"items": {"type": "integer"}})
    answer = Judgement().answer(schema, json.dumps(["x" * 5_000] * 50), True)
    assert answer is not None
    assert answer[2].count("; ") == MOST_ERRORS - 1
    assert len(answer[2]) < MOST_ERRORS * (LONGEST + 10)


@pytest.mark.parametrize("draft", DRAFTS)
def test_five_drafts_are_known(draft: str) -> None:
    """The schema says by `$schema` which draft it is of."""
    assert Judgement().answer(json.dumps({"$schema": draft} | NUMBERED), GOOD, True) is None


@pytest.mark.parametrize(
    ("schema", "place", "word"),
    [
        ({"$schema": "http://json-schema.org/draft-03/schema#"}, "", "drafts 4, 6, 7"),
        ({"type": "strnig"}, "/type", "anyOf"),
        ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength", "minimum"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "/properties/a/pattern", "linear time"),
        ({"pattern": r"(a)\1"}, "/pattern", "linear time"),
        ({"pattern": "(a{1000}){1000}"}, "/pattern", "linear time"),
        ({"patternProperties": {"(": {}}}, "/patternProperties/(", "linear time"),
        ({"$ref": "http://127.0.0.1:9/x"}, "", "never fetched"),
        ({"$ref": "file:///etc/hostname"}, "", "never fetched"),
        ({"$id": "http://127.0.0.1:9/x", "$ref": "y"}, "", "never fetched"),
        ({"$ref": "#/nowhere"}, "", "leads to nothing"),
        (3, "", "(type)"),
    ],
    ids=str,
)
def test_what_is_no_schema_is_told_so(schema: Any, place: str, word: str) -> None:
    """A schema that can't be used is named with the place and the reason, before any text."""
    answer = Judgement().answer(json.dumps(schema), None, True)
    assert answer is not None
    assert answer[:2] == (BAD_SCHEMA, place)
    assert word in answer[2]


def test_a_schema_nested_too_deeply_is_none() -> None:
    """A schema that is too deep is refused, and does not end the process."""
    answer = Judgement().answer('{"not":' * 2_000 + "{}" + "}" * 2_000, None, True)
    assert answer is not None
    assert answer[0] == BAD_SCHEMA


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"not": {"not": {"$ref": "#"}}}],
    ids=str,
)
def test_cycles_of_references_end(schema: Any) -> None:
    """A schema that is itself says nothing, and that in no time."""
    Judgement().answer(json.dumps(schema), GOOD, True)


def test_patterns_take_linear_time() -> None:
    """A pattern that other engines search for years is searched in milliseconds."""
    schema = json.dumps({"pattern": "^(a+)+$"})
    text = json.dumps("a" * 100_000 + "!")
    assert Judgement().answer(schema, text, True) is not None
    within(0.1, lambda: Judgement().answer(schema, text, True))


def test_a_text_can_be_taken_as_it_stands() -> None:
    """A text that need not be JSON is one string, whose end is not a line's."""
    schema = json.dumps({"type": "string", "pattern": "^(?:a|b)$"})
    judgement = Judgement()
    assert judgement.answer(schema, "b", False) is None
    assert judgement.answer(schema, "ab", False) is not None
    assert judgement.answer(schema, "b\n", False) is not None


def test_few_compiled_schemas_are_kept() -> None:
    """Those used last are kept, and no more of them than a bound."""
    judgement = Judgement()
    for number in range(MOST_COMPILED + 10):
        judgement.answer("{}", "1", True)
        judgement.answer(json.dumps({"minimum": number}), "1", True)
    assert len(judgement._compiled) == MOST_COMPILED
    assert "{}" in judgement._compiled


def test_lines_are_answered_by_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process says that it is ready, and then answers each line of questions by one line."""
    lines = [[["{}", "1", True], [json.dumps(NUMBERED), "1", True]], []]
    source = io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    sink = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=source))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=sink))
    monkeypatch.setattr("signal.alarm", lambda seconds: 0)
    serve(2)
    ready, first, second = sink.getvalue().splitlines()
    assert ready == b""
    assert [flaw and flaw[0] for flaw in json.loads(first)] == [None, "type"]
    assert second == b"[]"


def test_memory_is_bounded_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process may take so much address space, on systems that count it."""
    asked: list[Any] = []
    monkeypatch.setattr(resource, "setrlimit", lambda *given: asked.append(given))
    bound(5)
    assert asked == [(resource.RLIMIT_AS, (5, 5))]
    monkeypatch.setitem(sys.modules, "resource", None)
    bound(6)
    assert len(asked) == 1
