"""Which origins answers may name: `https://docs.example.org`, `*.example.org`."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from localai import SettingsError

DEFAULT_PORTS = {"https": "443", "http": "80"}

_HOST = r"[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9-]{1,63}){0,16}"
_setting = re.compile(rf"(?:(https?)://)?(\*\.)?({_HOST})(?::([0-9]{{1,5}}))?/?")
_authority = re.compile(rf"({_HOST})(?::([0-9]{{1,5}}))?", re.IGNORECASE)


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: str
    has_subdomains: bool


class Origins:
    """A list of allowed origins; without a scheme it is https, `*.` stands for all subdomains.

    Raises `SettingsError` for what is no origin.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._origins = [_origin(each) for each in allowed]

    def allow(self, scheme: str, authority: str) -> bool:
        """Say whether the origin is allowed: only plain ones are, of ASCII and without a user.

        Names in other scripts are allowed in their ASCII form, `xn--…`, only.
        """
        match = _authority.fullmatch(authority)
        scheme = scheme.lower()
        if match is None or scheme not in DEFAULT_PORTS:
            return False
        host = match[1].lower()
        port = match[2] or DEFAULT_PORTS[scheme]
        return any(
            (each.scheme, each.port) == (scheme, port)
            and (host.endswith("." + each.host) if each.has_subdomains else host == each.host)
            for each in self._origins
        )


def _origin(text: str) -> _Origin:
    match = _setting.fullmatch(text.lower())
    if match is None:
        raise SettingsError(
            f"allowed: '{text}' is no origin: write https://docs.example.org, or *.example.org "
            "for all subdomains, without a path; names in other scripts as xn--…"
        )
    scheme = match[1] or "https"
    return _Origin(scheme, match[3], match[4] or DEFAULT_PORTS[scheme], match[2] is not None)
