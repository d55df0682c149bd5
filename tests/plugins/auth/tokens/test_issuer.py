"""The settings of issuers."""

from typing import Any

import msgspec
import pytest

from localai import SettingsError
from plugins.auth.tokens.issuer import Issuer, check
from tests.plugins.auth.tokens.support import an_issuer


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/keys",
        "http://127.0.0.1.evil.example/keys",
        "http://169.254.169.254/latest",
        "https://user:password@issuer.example/keys",
        "https:///keys",
        "https://[::1/keys",
        "https://issuer.example:x/keys",
        "ftp://issuer.example/keys",
        "file:///etc/passwd",
        "keys",
    ],
)
def test_keys_come_by_https_or_from_this_machine(url: str) -> None:
    """An address by which others could slip keys in is refused, by the issuer's name."""
    with pytest.raises(
        SettingsError, match=r"issuer 'corp': jwks_url must be an https://"
    ) as caught:
        check((an_issuer(jwks_url=url),), "localai")
    assert "password@" not in str(caught.value)
    for good in ("https://issuer.example/keys?a=b", "http://localhost:8080/", "http://[::1]/k"):
        check((an_issuer(jwks_url=good),), "localai")


def test_two_issuers_of_one_name_are_refused() -> None:
    """A name, and a claim `iss`, stands for one issuer; the router's own is taken too."""
    for two in (
        (an_issuer(), an_issuer(issuer="x")),
        (an_issuer(), an_issuer(name="x")),
        (an_issuer(issuer="localai"),),
    ):
        with pytest.raises(SettingsError, match="stands there twice"):
            check(two, "localai")


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"audience": []},
        {"audience": ""},
        {"name": "a/b"},
        {"name": "A"},
        {"issuer": ""},
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(changes: dict[str, Any]) -> None:
    """Shared secrets, no algorithm and no audience are no settings."""
    good = {"name": "a", "issuer": "i", "jwks_url": "https://i/"}
    assert msgspec.convert(good, Issuer).algorithms
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(good | changes, Issuer)
