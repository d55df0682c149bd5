"""One call, whose answer is checked: as it passes, or while it is held back."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, NoReturn

import msgspec

from localai import Call, Chunk, Chunks, GatewayError, Handler, ToolCall
from plugins.guardrails.findings import Findings
from plugins.guardrails.schema import refusals
from plugins.guardrails.schema.held import TooLong, add_counts, parts, whole
from plugins.guardrails.schema.judge import Flaw, Judge, Undecided
from plugins.guardrails.schema.refusals import CUT, NO_TOOL, PATTERN, TOO_LONG, UNDECIDED
from plugins.guardrails.schema.repair import again, unfenced
from plugins.guardrails.schema.rules import Rule

HEADER = "x-localai-guardrail"
"""Tells the verdict, as a dictionary (RFC 9651): `schema=valid`, `schema=repaired`,
`schema=invalid;rule="…"` or, without a verdict, `schema=unchecked;rule="…"`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is done about invalid answers."""

    action: Literal["flag", "block", "repair"]
    attempts: int
    """How often `repair` asks again."""
    tools: Literal["off", "flag", "block"]
    max_characters: int
    """Longest answer that is checked."""


class Check:
    """Yields an answer, or as much of it as may be seen."""

    def __init__(
        self,
        policy: Policy,
        judge: Judge,
        call: Call,
        rules: Sequence[Rule],
        tools: Mapping[str, Rule],
    ) -> None:
        self._policy = policy
        self._judge = judge
        self._call = call
        self._rules = rules
        self._tools = tools
        self._findings = Findings("schema")
        self._verdict = ""
        """Empty while nothing has been checked."""

    async def answer(self, next: Handler) -> Chunks:
        """Yield the answer; raise what `refusals` makes of an invalid one."""
        is_held = self._rules and self._policy.action != "flag"
        try:
            async with aclosing(self._held(next) if is_held else self._passed(next)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._findings.report(self._call.decisions)

    async def _passed(self, next: Handler) -> Chunks:
        """Yield the answer as it comes; its text is judged before its last chunk."""
        said: list[str] = []
        size = 0
        has_called = False
        async with aclosing(next(self._call)) as chunks:
            async for chunk in chunks:
                if chunk.tool_calls:
                    has_called = True
                    await self._check_tools(chunk.tool_calls)
                if self._rules and size <= self._policy.max_characters:
                    said.append(chunk.content)
                    size += len(chunk.content)
                if chunk.done:
                    flaw: Flaw | None = TOO_LONG
                    if size <= self._policy.max_characters:
                        flaw = await self._flaw("".join(said), chunk.done_reason, has_called)
                    if flaw is not None:
                        self._invalid(flaw, "flag")
                    self._tell()
                yield chunk

    async def _held(self, next: Handler) -> Chunks:
        """Yield the answer when it is whole and valid."""
        call, policy = self._call, self._policy
        # What is put into a gap of a text can't be told what was wrong with it.
        is_mended = policy.action == "repair" and not call.suffix
        attempts = policy.attempts if is_mended else 0
        answer = await self._whole(next, call)
        while flaw := await self._flaw(answer.content, answer.done_reason, bool(answer.tool_calls)):
            if is_mended and (bare := await self._bare(answer)):
                answer = bare
                break
            if not (attempts and flaw.hint):
                self._refuse(flaw)
            attempts -= 1
            self._findings.add(flaw.rule, "repair", "output")
            asked = again(call, answer.content, flaw)
            answer = add_counts(await self._whole(next, asked), answer)
            self._verdict = "repaired"
        await self._check_tools(answer.tool_calls)
        self._tell()
        for chunk in parts(answer, stream=call.stream):
            yield chunk

    async def _whole(self, next: Handler, call: Call) -> Chunk:
        try:
            return await whole(next(call), self._policy.max_characters)
        except TooLong:
            self._refuse(TOO_LONG)

    async def _bare(self, answer: Chunk) -> Chunk | None:
        """Return the answer without the fence around it, if it is valid then."""
        inside = unfenced(answer.content)
        if inside is None or await self._flaw(inside, answer.done_reason, False):
            return None
        self._findings.add("fence", "repair", "output")
        self._verdict = "repaired"
        return answer.replace(content=inside, logprobs=(), context=())

    # ---- judging

    async def _flaw(self, text: str, done_reason: str, has_called: bool) -> Flaw | None:
        """Return what is wrong with a whole text; one beside tool calls may be empty."""
        if not self._rules or (has_called and not text.strip()):
            return None
        self._verdict = self._verdict or "valid"
        if done_reason == "length":
            return CUT
        return await self._first([(rule, text) for rule in self._rules])

    async def _first(self, asked: Sequence[tuple[Rule, str]]) -> Flaw | None:
        try:
            flaws = await self._judge.ask([rule.asks(text) for rule, text in asked])
        except Undecided:
            return UNDECIDED
        for (rule, _), flaw in zip(asked, flaws, strict=True):
            if flaw is not None:
                return flaw if rule.is_json else Flaw(PATTERN, hint=flaw.hint)
        return None

    async def _check_tools(self, calls: Sequence[ToolCall]) -> None:
        """Judge the arguments of tool calls; raise for those that are to be blocked."""
        if not (self._tools and calls):
            return
        self._verdict = self._verdict or "valid"
        functions = [call.function for call in calls]
        if all(function.name in self._tools for function in functions):
            flaw = await self._first(
                [
                    (self._tools[function.name], msgspec.json.encode(function.arguments).decode())
                    for function in functions
                ]
            )
        else:
            flaw = NO_TOOL
        if flaw is None:
            return
        if self._policy.tools == "block":
            self._refuse(flaw, refusals.tool_refusal(flaw))
        self._invalid(flaw, "flag")

    # ---- telling

    def _refuse(self, flaw: Flaw, error: GatewayError | None = None) -> NoReturn:
        self._invalid(flaw, "block")
        self._tell()
        raise error or refusals.refusal(flaw)

    def _invalid(self, flaw: Flaw, action: str) -> None:
        self._findings.add(flaw.rule, action, "output")
        word = "unchecked" if flaw in (UNDECIDED, TOO_LONG) else "invalid"
        self._verdict = f'{word};rule="{flaw.rule}"'

    def _tell(self) -> None:
        """Put the verdict into the answer's headers, or its trailers if those are out."""
        if not self._verdict:
            return
        headers = self._call.headers
        before = headers.get(HEADER)
        mine = f"schema={self._verdict}"
        headers[HEADER] = f"{before}, {mine}" if before else mine
