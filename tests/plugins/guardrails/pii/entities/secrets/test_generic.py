"""Values that are assigned to names of secrets."""

import pytest

from plugins.guardrails.pii.entities.catalogue import select
from plugins.guardrails.pii.entities.secrets.generic import GENERIC
from tests.plugins.guardrails.pii.entities.support import found


@pytest.mark.parametrize(
    "text",
    [
        'api_key = "a8f5f167f44f4964e6c998dee827110c"',
        "API-KEY: 9fK2mQ7xLp4Zw8Rt1Vb6",
        '"client_secret": "9fK2mQ7xLp4Zw8Rt1Vb6"',
        "password=Tr0ub4dor&3-Zx9",
        "auth token => '9fK2mQ7xLp4Zw8Rt1Vb6'",
        "token: Bearer 9fK2mQ7xLp4Zw8Rt1Vb6",
    ],
)
def test_an_assignment_of_a_random_value_is_found(text: str) -> None:
    """In code, JSON, YAML and headers, with the name and without the quote at its end."""
    (match,) = found(GENERIC, f"{{ {text}\n}}")
    assert match.lstrip('"') == text.strip("\"'").lstrip('"').rstrip("\"'")


@pytest.mark.parametrize(
    "text",
    [
        'password = getpass("Password: ")',
        'token = request.headers["X-Token"]',
        "api_key=settings.openai_api_key_v2",
        'secret = os.environ["APP_SECRET_KEY_2024"]',
        "password: str = Field(min_length=12)",
        'api_key="your-api-key-12345678"',
        "token = <token-from-the-console-2024>",
        "password=correcthorsebattery",
        "the secret: a story of 1984",
        "session_token_expires_after=3600",
    ],
)
def test_code_words_and_placeholders_are_left(text: str) -> None:
    """References to values, prose, and what the reader has to put in."""
    assert found(GENERIC, text) == []


def test_it_is_in_a_group_of_its_own() -> None:
    """The group `secrets` has forms that are certain; this one is switched on by its name."""
    assert GENERIC not in select(["secrets"])
    assert select(["secrets_generic"]) == (GENERIC,)
