"""A judge without processes, models that answer in turn, and schemas that are hostile."""

import json
from collections.abc import Sequence
from typing import Any

from localai import Call, Chunk, Chunks
from plugins.guardrails.schema.judge import Flaw, Flaws, Judge, Question, Undecided
from plugins.guardrails.schema.worker import Judgement
from tests.plugins.support import Model

NUMBERED: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
"""A schema with one number in it."""
GOOD = '{"n": 1}'
BAD = '{"n": "private words"}'


class LocalJudge(Judge):
    """Judges in this process; with `late` there is never an answer."""

    def __init__(self, *, late: bool = False) -> None:
        super().__init__(processes=1, deadline=1)
        self._judgement = Judgement()
        self._late = late

    async def ask(self, questions: Sequence[Question]) -> Flaws:
        """Return a flaw, or `None`, for each question."""
        if self._late:
            raise Undecided
        answers = [
            self._judgement.answer(each.schema, each.text, each.is_json) for each in questions
        ]
        return [answer and Flaw(*answer) for answer in answers]


class Models:
    """Answers the first call by the first model, the second by the second, and so on."""

    def __init__(self, *models: Model) -> None:
        self.models = models
        self.calls: list[Call] = []

    async def infer(self, call: Call) -> Chunks:
        """Answer a call."""
        model = self.models[len(self.calls)]
        self.calls.append(call)
        async for chunk in model.infer(call):
            yield chunk


def saying(text: str, *, reason: str = "stop", size: int = 5, **more: Any) -> Model:
    """Return a model that says a text, in pieces of this size, and counts 5 and 2 tokens."""
    pieces = [Chunk(content=text[at : at + size]) for at in range(0, len(text), size)]
    last = Chunk(done=True, done_reason=reason, prompt_eval_count=5, eval_count=2, **more)
    return Model(*pieces, last)


def doubling(levels: int) -> str:
    """Return a small schema that takes 2^levels steps to check."""
    names = {f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(levels)}
    return json.dumps({"$defs": names | {f"a{levels}": {"type": "integer"}}, "$ref": "#/$defs/a0"})
