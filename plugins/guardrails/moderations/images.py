"""Images that are sent to be moderated: checked to be images, and no more."""

import re

from plugins.guardrails.uploads.attachments import Attachment
from plugins.guardrails.uploads.checks import Checks
from plugins.guardrails.uploads.kinds import KINDS, Kinds
from plugins.guardrails.uploads.work import Refused

_URI = re.compile(r"data:(image/[a-z+]{1,32})?;base64,", re.IGNORECASE)
_BEGINNING = 256
"""Characters of the base64 that are looked at."""

_checks = Checks(
    Kinds([kind.media_type for kind in KINDS if kind.media_type.startswith("image/")]),
    max_name=0,
    max_file=_BEGINNING,
)


def check_image(url: str) -> str | None:
    """Return what is wrong with the URL of an image, as the end of a sentence."""
    match = _URI.match(url)
    if match is None:
        return "must be a data URI of an image in base64: nothing is fetched from the network"
    beginning = url[match.end() : match.end() + _BEGINNING]
    declared = (match[1] or "").lower()
    try:
        _checks.form_of(Attachment(None, 0, beginning, declared=declared))
    except Refused as refused:
        return refused.problem
    except ValueError:
        return "is not valid base64"
    return None
