"""What is said about a refused token."""

from plugins.auth.tokens.errors import EXPIRED, InvalidToken


def test_a_refusal_is_a_401_with_the_challenge_of_bearer_tokens() -> None:
    """The answer names the error as RFC 6750 has it, and says that asking again is of no use."""
    error = InvalidToken(EXPIRED)
    assert error.status == 401
    assert error.headers() == {
        "www-authenticate": 'Bearer error="invalid_token"',
        "x-should-retry": "false",
    }
    assert error.message == (
        "could not validate credentials: this token has expired: refresh it, or log in again"
    )
