"""Judges texts by JSON schemas, in a process of its own that may hang, crash or be killed.

A validator holds Python's global lock while it works, a schema of 2 kB can keep it at work for
years, and a value that is nested deeply enough ends its process. None of that can be seen in a
schema beforehand. So the router gives each question a deadline, and this process away if need be.

One line of JSON comes for each bundle of questions, one line of answers goes back. The process
ends with its standard input. It is run by its path, and imports nothing of the router.
"""

import json
import signal
import sys
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Any

from jsonschema_rs import RegexOptions, ValidationError, Validator, validator_for

MOST_COMPILED = 64
"""Schemas whose validators are kept, those used last."""
MOST_ERRORS = 5
"""Errors that a hint tells of."""
LONGEST = 300
"""Characters of each of them, and of a place."""
MEMORY = 2**30
"""Bytes of address space; the process itself takes a quarter of it."""
PATTERN_SIZE = 2**20
"""Bytes that a compiled regular expression may take."""

NOT_JSON = "json"
BAD_SCHEMA = "schema"

Flaw = tuple[str, str, str]
"""The rule that is broken, its place in the schema, and a hint for the model, with its text."""


class Judgement:
    """Compiled schemas, and what they say about texts."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[str, Validator] = OrderedDict()

    def answer(self, schema: str, text: str | None, is_json: bool) -> Flaw | None:
        """Return what is wrong with a text, or with the schema if there is no text."""
        try:
            validator = self._validator(schema)
        except ValidationError as error:
            return BAD_SCHEMA, _pointer(error.instance_path), _fault(error)
        except (ValueError, RecursionError) as error:
            return BAD_SCHEMA, "", f"can't be read: {type(error).__name__}"
        if text is None:
            return None
        value: Any = text
        if is_json:
            try:
                value = json.loads(text, parse_constant=_refuse)
            except json.JSONDecodeError as error:
                where = f"line {error.lineno}, column {error.colno}"
                return NOT_JSON, "", f"it is not valid JSON: {error.msg} ({where})"
            except (ValueError, RecursionError):
                return (
                    NOT_JSON,
                    "",
                    "it is not valid JSON: too deep, or not a number of JSON's",
                )
        errors = list(islice(validator.iter_errors(value), MOST_ERRORS))
        if not errors:
            return None
        first = errors[0]
        hints = "; ".join(
            f"{_pointer(each.instance_path) or 'the whole'}: {each.message[:LONGEST]}"
            for each in errors
        )
        return first.kind.name, _pointer(first.schema_path), hints

    def _validator(self, schema: str) -> Validator:
        found = self._compiled.get(schema)
        if found is None:
            found = self._compiled[schema] = compiled(json.loads(schema))
            if len(self._compiled) > MOST_COMPILED:
                self._compiled.popitem(last=False)
        else:
            self._compiled.move_to_end(schema)
        return found


def compiled(schema: Any) -> Validator:
    """Return the validator of a schema: drafts 4, 6, 7, 2019-09 and, by default, 2020-12.

    It fetches nothing, and its regular expressions take linear time (no look-arounds, no
    back-references). Raises `ValidationError`.
    """
    patterns = RegexOptions(size_limit=PATTERN_SIZE, dfa_size_limit=PATTERN_SIZE)
    return validator_for(schema, pattern_options=patterns, offline=True)


def _fault(error: ValidationError) -> str:
    """Say what is wrong with a schema, without quoting it."""
    kind = error.kind.name
    if kind == "$ref" and error.message.startswith("Unknown meta-schema"):
        return "its $schema is none of the drafts 4, 6, 7, 2019-09 and 2020-12"
    if kind == "$ref":
        return "a $ref in it leads to nothing in it; schemas elsewhere are never fetched"
    if kind == "format":
        return (
            "this is no regular expression of the kind that takes linear time: "
            "leave out look-arounds, back-references and large repetitions"
        )
    return f"its draft of JSON Schema does not allow that ({kind})"


def _pointer(path: Iterable[str | int]) -> str:
    """Return a JSON pointer (RFC 6901), cut when it is long."""
    escaped = (str(each).replace("~", "~0").replace("/", "~1") for each in path)
    return "".join(f"/{each}" for each in escaped)[:LONGEST]


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and Infinity are Python's, not JSON's


def bound(memory: int) -> None:
    """Bound what this process may take, where the system can."""
    try:
        import resource
    except ImportError:
        return
    with suppress(ValueError, OSError):  # the bound is lower already, or macOS says no
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def serve(seconds: int) -> None:
    """Answer lines; end with the input, or by the system's alarm when one line takes too long.

    The router kills a process that is late. The alarm is for when there is no router any more.
    """
    alarm = getattr(signal, "alarm", lambda seconds: None)
    judgement = Judgement()
    out = sys.stdout.buffer
    out.write(b"\n")
    out.flush()
    for line in sys.stdin.buffer:
        alarm(seconds)
        answers = [judgement.answer(*question) for question in json.loads(line)]
        out.write(json.dumps(answers).encode() + b"\n")
        out.flush()
        alarm(0)


if __name__ == "__main__":
    bound(MEMORY)
    serve(int(sys.argv[1]))
