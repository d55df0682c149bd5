"""Takes the power of images, links and control characters in answers. Fails closed.

An image in an answer is fetched by the reader's client without a click, from an address that the
model wrote: a way to carry a conversation out. Nothing is requested here to find out.

Thinking and content are covered. The arguments of tool calls are not: which addresses a tool may
ask for is the tool's business.
"""

from contextlib import aclosing
from functools import partial
from typing import Literal

from msgspec import Struct

from localai import Call, Chunks, Handler, hookimpl
from plugins.guardrails.findings import Findings, directions
from plugins.guardrails.injection.channels import Answer, is_long
from plugins.guardrails.injection.markdown import Neutraliser, rules
from plugins.guardrails.injection.origins import Origins
from plugins.guardrails.injection.terminal import Terminal
from plugins.guardrails.stream.filter import Filter
from plugins.guardrails.stream.matcher import Matcher

Choice = Literal["neutralise", "off"]


class Links:
    """Neutralises what a client would load or link to, and what a terminal would obey."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.links]."""

        images: Choice = "neutralise"
        """Images of Markdown from other origins, which a client fetches without a click."""
        links: Choice = "off"
        """Links of Markdown and bare URLs to other origins, which take a click; and images."""
        html: Choice = "off"
        """Tags of HTML that have attributes, or do something: for clients that render HTML."""
        data_uris: Choice = "off"
        """Images and links that hold their data themselves: nothing is requested for them."""
        allowed: tuple[str, ...] = ()
        """Origins that are none of those others: https://docs.example.org, *.example.org."""
        terminal: Literal["escape", "off"] = "escape"
        """Control characters that a terminal obeys are shown instead, as \\x1b."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._origins = Origins(config.allowed)
        self._images = config.images == "neutralise"
        self._links = config.links == "neutralise"
        self._html = config.html == "neutralise"
        found = rules(images=self._images, links=self._links, html=self._html)
        self._matcher = Matcher(found) if found else None
        self._is_on = bool(found) or config.terminal != "off"
        self.guards = directions(output=self._is_on)

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Have the call answered, and change the answer as it comes."""
        if not self._is_on:
            return next

        async def neutralised(call: Call) -> Chunks:
            findings = Findings("links")
            if call.logprobs:
                call = call.replace(logprobs=False, top_logprobs=0)
            answer = Answer(partial(self._text, findings))
            try:
                async with aclosing(next(call)) as chunks:
                    try:
                        async for chunk in chunks:
                            if is_long(chunk):
                                given = await answer.push_long(chunk)
                            else:
                                given = answer.push(chunk)
                            for each in given:
                                yield each
                    except Exception:
                        for each in answer.rest():
                            yield each
                        raise
                    for each in answer.rest():
                        yield each
            finally:
                findings.report(call.decisions)

        return neutralised

    def _text(self, findings: Findings) -> "_Text":
        neutraliser = Neutraliser(
            findings,
            self._origins,
            links=self._links,
            html=self._html,
            data_is_foreign=self._config.data_uris == "neutralise",
        )
        matched = Filter(self._matcher, neutraliser.act) if self._matcher else None
        terminal = Terminal(findings) if self._config.terminal == "escape" else None
        return _Text(matched, neutraliser, terminal)


class _Text:
    """Content or thinking of one answer."""

    def __init__(
        self, matched: Filter | None, neutraliser: Neutraliser, terminal: Terminal | None
    ) -> None:
        self._matched = matched
        self._neutraliser = neutraliser
        self._terminal = terminal

    @property
    def is_changed(self) -> bool:
        """Whether anything was given on in another form."""
        terminal = self._terminal
        return self._neutraliser.is_changed or (terminal is not None and terminal.is_changed)

    def push(self, text: str) -> str:
        """Take the next piece; return all that is decided by now."""
        if self._terminal is not None:
            text = self._terminal.push(text)
        # U+0000 means something to the filter.
        return self._matched.push(text.replace("\0", "\ufffd")) if self._matched else text

    def flush(self) -> str:
        """End the text and return its rest."""
        text = self._terminal.flush() if self._terminal is not None else ""
        return self._matched.push(text) + self._matched.flush() if self._matched else text
