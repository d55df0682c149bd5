"""Answers are checked against the JSON schema that their request has, or the file's pattern.

Fails closed. `flag` lets an answer pass as it comes and tells the verdict at its end; `block` and
`repair` hold it back until it is whole, so that no part of an invalid one is ever sent.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from msgspec import Meta, Struct

from localai import (
    Call,
    Chunks,
    Duration,
    Gateway,
    Handler,
    SettingsError,
    Size,
    Unavailable,
    full_name,
    hookimpl,
    model_pattern,
)
from plugins.guardrails.schema.check import Check, Policy
from plugins.guardrails.schema.judge import Judge, Undecided
from plugins.guardrails.schema.rules import Rule, format_rule, pattern_rule, tool_rules


class Schema:
    """Checks answers, and refuses or repairs those that are not what was asked for."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.schema]."""

        requests: bool = True
        """Check answers by the schema that their request has (response_format, format)."""
        pattern: str = ""
        """Regular expression for the whole of every answer, without look-arounds; empty: none."""
        models: tuple[str, ...] = ()
        """Models whose answers the pattern is for, with `*` and `?`; empty: all."""
        action: Literal["flag", "block", "repair"] = "block"
        """Tell of invalid answers in a header, refuse them, or ask again and then refuse them."""
        attempts: Annotated[int, Meta(ge=1, le=5)] = 1
        """How often `repair` asks again."""
        tools: Literal["off", "flag", "block"] = "off"
        """What is done about tool calls whose arguments do not fit the tool's parameters."""
        max_characters: Annotated[int, Meta(ge=1)] = 200_000
        """Longest answer that is held and checked, thinking included."""
        max_schema: Size = Size(65_536)
        """Longest schema of a request, as JSON."""
        deadline: Duration = Duration(1)
        """How long one check may take."""
        processes: Annotated[int, Meta(ge=1, le=16)] = 2
        """Most processes that check, of some 20 MB each; the second starts when it is needed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._models = tuple(model_pattern(each) for each in config.models)
        self._pattern = pattern_rule(config.pattern) if config.pattern else None
        if self._pattern is not None:
            _check_pattern(config.pattern, self._pattern)
        self._policy = Policy(
            action=config.action,
            attempts=config.attempts,
            tools=config.tools,
            max_characters=config.max_characters,
        )
        self.guards = frozenset({"output"}) if self._is_on() else frozenset()
        self._judge = Judge(processes=config.processes, deadline=config.deadline)

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Run the processes that check."""
        return self._running()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        if not self._is_on():
            yield
            return
        async with self._judge.running():
            yield

    def _is_on(self) -> bool:
        config = self._config
        return config.requests or bool(config.pattern) or config.tools != "off"

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Check the schema before the model is asked, and the answer afterwards."""
        if not self._is_on():
            return next

        async def checked(call: Call) -> Chunks:
            rules = self._rules(call)
            tools = self._tools(call)
            if not (rules or tools):
                answer = next(call)
            else:
                await self._check_schemas([*rules, *tools.values()])
                answer = Check(self._policy, self._judge, call, rules, tools).answer(next)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    yield chunk

        return checked

    def _rules(self, call: Call) -> tuple[Rule, ...]:
        if call.kind == "embed" or call.loads_only:
            return ()
        config = self._config
        own = format_rule(call, config.max_schema) if config.requests else None
        model = full_name(call.model).lower()
        is_meant = not self._models or any(fnmatchcase(model, each) for each in self._models)
        pattern = self._pattern if is_meant else None
        return tuple(rule for rule in (own, pattern) if rule is not None)

    def _tools(self, call: Call) -> Mapping[str, Rule]:
        if self._config.tools == "off" or call.loads_only:
            return {}
        return tool_rules(call, self._config.max_schema)

    async def _check_schemas(self, rules: Sequence[Rule]) -> None:
        own = [rule for rule in rules if rule.param]
        if not own:
            return
        try:
            flaws = await self._judge.ask([rule.asks() for rule in own])
        except Undecided:
            raise Unavailable(
                "the request's JSON schema could not be checked in time: try again", retry_after=1
            ) from None
        for rule, flaw in zip(own, flaws, strict=True):
            if flaw is not None:
                raise rule.refusal(flaw)


def _check_pattern(pattern: str, rule: Rule) -> None:
    """Raise `SettingsError` unless the file's pattern is one."""
    # Here and not in a process: this is the operator's own, and `localai check` should see it.
    from jsonschema_rs import ValidationError

    from plugins.guardrails.schema.worker import compiled

    try:
        compiled({"pattern": pattern})  # by itself: `a)|(b` fits into the rule, and loosens it
        compiled(json.loads(rule.schema))
    except ValidationError:
        raise SettingsError(
            "pattern: this is no regular expression of the kind that takes linear time: "
            "leave out look-arounds, back-references and large repetitions"
        ) from None
