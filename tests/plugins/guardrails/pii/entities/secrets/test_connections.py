"""Passwords in URLs and connection strings."""

import pytest

from plugins.guardrails.pii.entities.secrets.connections import CONNECTION
from tests.plugins.guardrails.pii.entities.support import found


@pytest.mark.parametrize(
    ("url", "match"),
    [
        (
            "postgresql+asyncpg://app:S3cr3t!pw@db.internal:5432/main",
            "://app:S3cr3t!pw@db.internal:5432",
        ),
        ("redis://:p4ssw0rd!x@cache:6379/0", "://:p4ssw0rd!x@cache:6379"),
        ("https://bob:hunter22@example.com/x", "://bob:hunter22@example.com"),
        ("mongodb+srv://u:a/b:c9@cluster0.mongodb.net", "://u:a/b:c9@cluster0.mongodb.net"),
        ("Server=db;User Id=sa;Password=Tr0ub4dor;", ";Password=Tr0ub4dor"),
        ("jdbc:mysql://db/x?user=a&password=Zx9!kd82", "&password=Zx9!kd82"),
    ],
)
def test_a_password_is_found_with_its_user_and_its_host(url: str, match: str) -> None:
    """In URLs of any scheme, in fields and in parameters."""
    assert found(CONNECTION, f'DB="{url}"') == [match]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com:8080/path/to@me",
        "https://example.com/@user",
        "http://localhost:8000",
        "postgres://user:password@localhost/db",
        "postgres://user:${DB_PASSWORD}@db/app",
        "https://<user>:<password>@example.com",
        "redis://:xxxx@cache",
        "ssh://git@github.com/org/repo",
        "Server=db;Password=***;",
        "?password={password}",
    ],
)
def test_ports_users_and_placeholders_are_left(text: str) -> None:
    """A URL without a password, or with one that the reader has to put in."""
    assert found(CONNECTION, f"see {text} there") == []
