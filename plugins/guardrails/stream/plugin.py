"""Rules of the file for what goes in and what comes out. Fails closed."""

from contextlib import aclosing
from typing import Annotated, Literal

from msgspec import Meta, Struct

from localai import Call, Chunks, Direction, Handler, InvalidRequest, SettingsError, hookimpl
from plugins.guardrails.findings import Findings, directions
from plugins.guardrails.stream.answer import BLOCKED_TEXT, filtered
from plugins.guardrails.stream.filter import Act, Blocked, scan
from plugins.guardrails.stream.matcher import MAX_HOLD, Matcher
from plugins.guardrails.stream.rule import Rule
from plugins.guardrails.texts import Place, rewrite
from plugins.guardrails.turns import Turns

Action = Literal["redact", "block", "flag"]


class RuleSettings(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """One of the tables [[plugins.guardrails.stream.rules]]."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    """What it is called in the audit log, and in refusals."""
    pattern: str
    """What to find: a regular expression with bounded repeats, as [A-Z]{2}-[0-9]{4,8}."""
    action: Action = "redact"
    """Put the replacement in its place, block the request or the rest of the answer, or only
    flag it in the audit log."""
    replacement: str = "[{name}]"
    """What stands in place of a match; {name} is the rule's name."""
    not_after: str = ""
    """The inside of a character class, as 0-9A-Z: no match right after one of these."""
    not_before: str = ""
    """The inside of a character class: no match right before one of these."""
    ignore_case: bool = False
    """Whether letters of ASCII match in either case."""
    direction: Literal["output", "input", "both"] = "output"
    """Where to look: in answers, in requests, or in both."""


class OutputRules:
    """Finds what rules of the file say, in answers as they come and in requests."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.stream]."""

        rules: tuple[RuleSettings, ...] = ()
        """What to find, and what to do about it."""
        blocked_text: str = BLOCKED_TEXT
        """What stands in place of an answer that is blocked, or of its rest."""
        max_hold: Annotated[int, Meta(ge=1, le=65_536)] = MAX_HOLD
        """Most characters that a match may have, as so many may be held back."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._settings = {each.name: each for each in config.rules}
        if len(self._settings) < len(config.rules):
            raise SettingsError("rules: two have the same name: give each its own")
        self._input = self._matcher("input")
        self._output = self._matcher("output")
        self.guards = directions(input=self._input, output=self._output)

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Look at the call, then at what comes back."""
        if self._input is None and self._output is None:
            return next

        async def guarded(call: Call) -> Chunks:
            findings = Findings("stream")
            try:
                if self._input is not None:
                    call = await self._checked(call, self._input, findings)
                    findings.report(call.decisions)
                if self._output is None or call.kind == "embed":
                    chunks = next(call)
                else:
                    chunks = self._filtered(call, self._output, findings, next)
                async with aclosing(chunks):
                    async for chunk in chunks:
                        yield chunk
            finally:
                findings.report(call.decisions)

        return guarded

    def _matcher(self, direction: Direction) -> Matcher | None:
        rules = [
            Rule(
                name=each.name,
                pattern=each.pattern,
                not_after=each.not_after,
                not_before=each.not_before,
                ignore_case=each.ignore_case,
            )
            for each in self._config.rules
            if each.direction in (direction, "both")
        ]
        return Matcher(rules, max_hold=self._config.max_hold) if rules else None

    async def _checked(self, call: Call, matcher: Matcher, findings: Findings) -> Call:
        act = self._act(findings, "input")
        turns = Turns()

        async def change(place: Place, text: str) -> str:
            try:
                return await scan(matcher, text, act, turns)
            except Blocked as blocked:
                raise InvalidRequest(
                    f"{place.name} has something that rule '{blocked}' does not allow: "
                    "take it out and send the request again",
                    param=place.name,
                    code="content_filter",
                ) from None

        return await rewrite(call, change)

    def _filtered(self, call: Call, matcher: Matcher, findings: Findings, next: Handler) -> Chunks:
        # Log probabilities spell what is taken out.
        call = call.replace(logprobs=False, top_logprobs=0)
        return filtered(
            next(call),
            matcher,
            self._act(findings, "output"),
            call=call,
            blocked_text=self._config.blocked_text,
        )

    def _act(self, findings: Findings, direction: Direction) -> Act:
        def act(rule: Rule, text: str) -> str | None:
            settings = self._settings[rule.name]
            findings.add(rule.name, settings.action, direction, text)
            if settings.action == "block":
                raise Blocked(rule.name)
            if settings.action == "flag":
                return None
            return settings.replacement.replace("{name}", rule.name)

        return act
