"""Private keys."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from plugins.guardrails.pii.entities.secrets.private_key import PRIVATE_KEY
from tests.plugins.guardrails.pii.entities.support import found

BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
KINDS = ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")


def _keys() -> list[str]:
    curve = ec.generate_private_key(ec.SECP256R1())
    edwards = ed25519.Ed25519PrivateKey.generate()
    plain, locked = NoEncryption(), BestAvailableEncryption(b"password")
    return [
        curve.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, plain).decode(),
        curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain).decode(),
        curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode(),
        edwards.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, plain).decode(),
    ]


@pytest.mark.parametrize("number", range(4))
def test_a_key_is_taken_from_its_first_line_to_its_last(number: int) -> None:
    """As OpenSSL, PKCS#8 and OpenSSH write them, with breaks escaped, indented, or quoted."""
    key = _keys()[number].strip()
    indented = key.replace("\n", "\n        ")
    for form in (key, key.replace("\n", "\\n"), key.replace("\n", "\r\n"), indented):
        assert found(PRIVATE_KEY, f'key: "{form}" and more') == [form]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key_is_known(kind: str) -> None:
    """All labels of PEM that have a private key."""
    key = f"-----BEGIN {kind}PRIVATE KEY-----\n{BODY}\n-----END {kind}PRIVATE KEY-----"
    assert found(PRIVATE_KEY, f"{key}\n") == [key]


def test_an_armoured_key_of_openpgp_is_found() -> None:
    """With a header line, or none."""
    for header in ("Version: GnuPG v2\n\n", "\n"):
        key = (
            f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{header}{BODY}\n"
            "-----END PGP PRIVATE KEY BLOCK-----"
        )
        assert found(PRIVATE_KEY, key) == [key]


def test_a_key_that_is_cut_is_taken_to_the_end() -> None:
    """Where the last line is missing, all that follows is the key's."""
    text = f"-----BEGIN PRIVATE KEY-----\n{BODY}\n{BODY[:9]}"
    assert found(PRIVATE_KEY, text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "The file begins with -----BEGIN PRIVATE KEY-----, then base64.",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        f"-----BEGIN PUBLIC KEY-----\n{BODY}\n-----END PUBLIC KEY-----",
        f"-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----",
    ],
)
def test_what_is_public_and_what_tells_about_keys_is_left(text: str) -> None:
    """Public keys, certificates, and texts that name the first line."""
    assert found(PRIVATE_KEY, text) == []
