"""Finds attempts to give the model orders that nobody gave it. Fails closed.

A heuristic: it finds what is said plainly or hidden in known ways, and no more. Whoever gives a
model tools and secrets limits what they can do, too.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Literal

from msgspec import Meta, Struct

from localai import Call, Gateway, InvalidRequest, SettingsError, hint, hookimpl
from plugins.guardrails.findings import Findings, directions
from plugins.guardrails.injection.classifier import Classifier, ClassifierSettings
from plugins.guardrails.injection.detector import Detector, Finding, Verdict
from plugins.guardrails.injection.invisible import clean_gently
from plugins.guardrails.injection.special_tokens import neutralise_gently
from plugins.guardrails.injection.verdicts import LONG, Verdicts
from plugins.guardrails.texts import Place, rewrite
from plugins.guardrails.turns import Turns

ROLES = ("system", "user", "assistant", "tool")
_NOTHING = Verdict(0.0)
Score = Annotated[float, Meta(gt=0, le=1)]


class Injection:
    """Judges what goes in, and cleans it of smuggled characters and control tokens."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.injection]."""

        action: Literal["flag", "block", "off"] = "flag"
        """What happens to a request with an injection: flag writes it down only."""
        threshold: Score = 0.7
        """Score from which a text counts as an injection; lower finds more, rightly and wrongly."""
        tool_threshold: Score = 0.6
        """The same for results of tools, which have nothing to order."""
        roles: tuple[str, ...] = ("user", "assistant", "tool")
        """Whose texts are judged; system prompts say what others may not, so theirs are not."""
        decode: bool = True
        """Look into base64, hexadecimal, percent-encoding, escapes and invisible characters too."""
        invisible: Literal["remove", "flag", "block", "off"] = "remove"
        """What happens to characters that nobody sees, apart from those that scripts need."""
        special_tokens: Literal["literal", "block", "off"] = "literal"
        """What happens to control tokens of chat templates in what users and tools say."""
        classifier: ClassifierSettings = ClassifierSettings()
        """A model of your own as a second opinion."""

    def __init__(self, config: Config) -> None:
        for role in config.roles:
            if role not in ROLES:
                raise SettingsError(
                    f"roles: there is no role '{role}'{hint(role, ROLES)} ({', '.join(ROLES)})"
                )
        self._config = config
        self._detector = Detector(
            threshold=config.threshold,
            tool_threshold=config.tool_threshold,
            decode=config.decode,
        )
        self._judges = config.action != "off" and bool(config.roles)
        self._is_on = self._judges or not config.invisible == config.special_tokens == "off"
        self.guards = directions(input=self._is_on)
        self._long, self._short = Verdicts(), Verdicts()
        """Apart, so that many short texts push out none that takes a hundred times as long."""
        self._classifier = (
            Classifier(config.classifier) if config.classifier.enabled and self._judges else None
        )

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Have the classifier in memory, if there is one."""
        return self._running()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        if self._classifier is None:
            yield
            return
        async with self._classifier.running():
            yield

    @hookimpl
    async def before_inference(self, call: Call) -> Call:
        """Judge the call, and return it cleaned."""
        if not self._is_on:
            return call
        findings = Findings("injection")
        try:
            return await self._checked(call, findings)
        finally:
            findings.report(call.decisions)

    async def _checked(self, call: Call, findings: Findings) -> Call:
        """Return the call as the model may see it; raise `InvalidRequest` if it may not at all."""

        turns = Turns()

        async def change(place: Place, text: str) -> str:
            # Whoever makes up a role gets what users get.
            role = place.role if place.role in ROLES else "user"
            if self._judges and role in self._config.roles:
                await self._judge(place, role, text, findings, turns)
            if not text.isascii():
                text = await self._seen(place, text, findings)
            # Templates and raw prompts are where control tokens belong.
            if role == "system" or call.raw:
                return text
            return await self._literal(place, role, text, findings)

        return await rewrite(call, change)

    async def _judge(
        self, place: Place, role: str, text: str, findings: Findings, turns: Turns
    ) -> None:
        action = self._config.action
        verdicts = self._long if len(text) >= LONG else self._short
        key = await verdicts.key(text, role == "tool", turns)
        verdict = verdicts.get(key)
        if verdict is None:
            verdict = await self._verdict(text, role, turns)
            verdicts.keep(key, verdict)
        await turns.give()
        if not verdict.findings:
            return
        for finding in verdict.findings:
            findings.add(
                finding.family,
                action,
                "input",
                hashed=finding.fingerprint,
                score=finding.score,
            )
        if action == "block":
            raise InvalidRequest(
                f"{place.name} looks like a prompt injection (rule {verdict.findings[0].family}, "
                f"score {verdict.score:.2f}): say it in other words, or ask the operator",
                param=place.name,
                code="content_filter",
            )

    async def _verdict(self, text: str, role: str, turns: Turns) -> Verdict:
        """Return why a text counts as an injection; no findings if it does not."""
        verdict = await self._detector.judge(text, role, turns)
        reasons = verdict.findings if verdict.score >= self._detector.limit(role) else ()
        score = verdict.score
        if self._classifier is not None:
            probability = await self._classifier.score(text)
            if probability >= self._config.classifier.threshold:
                reasons = (*reasons, Finding("classifier", round(probability, 4), ""))
                score = max(score, probability)
        return Verdict(score, reasons) if score else _NOTHING

    async def _seen(self, place: Place, text: str, findings: Findings) -> str:
        """Return the text without characters that nobody sees, as the file has it."""
        action = self._config.invisible
        if action == "off":
            return text
        cleaned, count = await clean_gently(text)
        if not count:
            return text
        findings.add("invisible", action, "input", text)
        if action == "block":
            raise InvalidRequest(
                f"{place.name} has {count} invisible characters (rule invisible): remove them",
                param=place.name,
                code="content_filter",
            )
        return cleaned if action == "remove" else text

    async def _literal(self, place: Place, role: str, text: str, findings: Findings) -> str:
        """Return the text with control tokens made literal, as the file has it."""
        action = self._config.special_tokens
        if action == "off":
            return text
        literal, count = await neutralise_gently(text, role)
        if not count:
            return text
        findings.add("special_tokens", action, "input", text)
        if action == "block":
            raise InvalidRequest(
                f"{place.name} has {count} control tokens of chat templates (rule special_tokens): "
                "remove them",
                param=place.name,
                code="content_filter",
            )
        return literal
