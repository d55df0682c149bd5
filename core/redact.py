"""Cut keys and tokens out of texts that leave the router: log lines, messages of errors."""

import re

_KEY = re.compile(r"(lai_[0-9A-Za-z]{10})_[\w-]+")
"""A key of this router; what stays is its kid."""
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?")
"""A JSON Web Token; `eyJ` is how every JSON object begins in base64."""


def redact(text: str) -> str:
    """Return a text without keys and tokens, wherever they were put by mistake: in a path, say."""
    if "lai_" in text:
        text = _KEY.sub(r"\1_***", text)
    if "eyJ" in text:
        text = _TOKEN.sub("eyJ***", text)
    return text
