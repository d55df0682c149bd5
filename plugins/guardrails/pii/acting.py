"""What becomes of each find in one call and its answer."""

from localai import Direction, InvalidRequest
from plugins.guardrails.findings import Findings
from plugins.guardrails.pii.actions import Treatment, labelled, mask
from plugins.guardrails.pii.pseudonyms import Pseudonyms
from plugins.guardrails.stream.filter import Blocked
from plugins.guardrails.texts import Place


class Acting:
    """Carries treatments out, counts them, and remembers the pseudonyms that it gave."""

    __slots__ = ("_label", "findings", "pseudonyms")

    def __init__(self, label: str) -> None:
        self._label = label
        self.findings = Findings("pii")
        self.pseudonyms = Pseudonyms()

    def request(self, place: Place, treatment: Treatment, text: str) -> str | None:
        """Return what stands in a request for what was found; `None` leaves it.

        Raises `InvalidRequest` when it is to be blocked.
        """
        self._count(treatment, "input", text)
        if treatment.action == "block":
            raise InvalidRequest(
                f"{place.name} contains what looks like '{treatment.name}', which may not be "
                "sent to a model here: take it out and send the request again",
                param=place.name,
                code="content_filter",
            )
        if treatment.action == "pseudonymise":
            return self.pseudonyms.placeholder(treatment.label, text)
        return self._hidden(treatment, text)

    def answer(self, treatment: Treatment, text: str) -> str | None:
        """Return what stands in an answer for what was found; `None` leaves it.

        Raises `Blocked` when the answer must end here.
        """
        self._count(treatment, "output", text)
        if treatment.action == "block":
            raise Blocked(treatment.name)
        return self._hidden(treatment, text)

    def _count(self, treatment: Treatment, direction: Direction, text: str) -> None:
        self.findings.add(treatment.name, treatment.action, direction, text)

    def _hidden(self, treatment: Treatment, text: str) -> str | None:
        if treatment.action == "redact":
            return labelled(self._label, treatment)
        if treatment.action == "mask":
            return mask(text, treatment.keep)
        return None
