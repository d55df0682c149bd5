"""Makes texts and fresh images of all attachments of a request, or refuses one of them."""

from collections.abc import Sequence

from localai import GatewayError, InvalidRequest, PayloadTooLarge
from plugins.guardrails.uploads.attachments import Attachment, Made
from plugins.guardrails.uploads.checks import Checks, text_in
from plugins.guardrails.uploads.kinds import Form
from plugins.guardrails.uploads.reading import Reader
from plugins.guardrails.uploads.work import Refused, Task

CODE = "invalid_upload"
"""The code of the errors, for programs."""
TOO_LARGE = frozenset({"max_file", "max_total"})
"""Rules whose violation is a 413; it is a 400 for all others."""


class Refusal(Exception):
    """An attachment is refused, or all are."""

    def __init__(self, refused: Refused, attachment: Attachment | None = None) -> None:
        super().__init__(refused.rule)
        self.rule = refused.rule
        self._problem = refused.problem
        self._attachment = attachment

    def error(self) -> GatewayError:
        """Return the error for the caller: which attachment, why, and what to do."""
        kind = PayloadTooLarge if self.rule in TOO_LARGE else InvalidRequest
        if self._attachment is None:
            return kind(self._problem, code=CODE)
        place, param = self._attachment.place, self._attachment.param
        return kind(f"{place} {self._problem}", param=param, code=CODE)


class Maker:
    """Checks attachments one by one and in sum, and has them read."""

    def __init__(
        self, checks: Checks, reader: Reader, *, max_files: int, max_total: int, max_characters: int
    ) -> None:
        self._checks = checks
        self._reader = reader
        self._max_files = max_files
        self._max_total = max_total
        self._max_characters = max_characters

    async def make(self, found: Sequence[Attachment]) -> list[Made]:
        """Return what each attachment comes to; raise `Refusal`."""
        self._check_sum(found)
        made: dict[int, Made] = {}
        to_read: list[tuple[int, Task]] = []
        for at, each in enumerate(found):
            form = self._form_of(each)
            if form == "text":
                made[at] = Made(self._text_in(each), is_image=False)
            else:
                to_read.append((at, form))
        if to_read:
            made |= await self._read(found, to_read)
        results = [made[at] for at in range(len(found))]
        self._check_length(found, results)
        return results

    def _check_sum(self, found: Sequence[Attachment]) -> None:
        if len(found) > self._max_files:
            raise Refusal(
                Refused(
                    "max_files",
                    f"{len(found)} images and files are more than the {self._max_files} allowed: "
                    "send fewer",
                )
            )
        if sum(each.size for each in found) > self._max_total:
            raise Refusal(
                Refused(
                    "max_total",
                    f"all images and files are larger than the {self._max_total} bytes allowed: "
                    "send fewer, or smaller ones",
                )
            )

    def _check_length(self, found: Sequence[Attachment], results: Sequence[Made]) -> None:
        left = self._max_characters
        for each, made in zip(found, results, strict=True):
            if not made.is_image:
                left -= len(made.content)
            if left < 0:
                raise Refusal(
                    Refused(
                        "max_characters",
                        f"makes more than the {self._max_characters} characters of text allowed "
                        "for all files: send fewer, or shorter ones",
                    ),
                    each,
                )

    def _form_of(self, each: Attachment) -> Form:
        try:
            return self._checks.form_of(each)
        except Refused as refused:
            raise Refusal(refused, each) from None

    def _text_in(self, each: Attachment) -> str:
        try:
            return text_in(each.data, self._max_characters)
        except Refused as refused:
            raise Refusal(refused, each) from None

    async def _read(
        self, found: Sequence[Attachment], to_read: Sequence[tuple[int, Task]]
    ) -> dict[int, Made]:
        try:
            contents, refused = await self._reader.read(
                [(form, found[at].data) for at, form in to_read]
            )
        except Refused as whole:
            raise Refusal(whole) from None
        if refused is not None:
            at, _ = to_read[len(contents)]
            raise Refusal(refused, found[at])
        return {
            at: Made(content, is_image=form != "pdf")
            for (at, form), content in zip(to_read, contents, strict=True)
        }
