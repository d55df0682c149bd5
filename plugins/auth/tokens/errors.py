"""What is said when a token or a login is refused: enough to act on, nothing to attack with."""

from localai import InvalidRequest, Unauthenticated

EXPIRED = "has expired: refresh it, or log in again"
NOT_FOR_US = "is not for this router: ask its issuer for one with this router as audience"
UNVERIFIED = "could not be verified"
ENDED = "counts no longer: log in again"


class InvalidToken(Unauthenticated):
    """A token came that does not count; the reason says what its holder can do.

    RFC 6750 §3.1 names the challenge.
    """

    default_code = "invalid_token"
    challenge = 'Bearer error="invalid_token"'

    def __init__(self, reason: str) -> None:
        super().__init__(f"could not validate credentials: this token {reason}")


class LoginFailed(Unauthenticated):
    """A wrong name, password or refresh token, which of them is not said.

    RFC 6749 §5.2 has status 400 for it; clients of password forms expect 401.
    """

    default_code = "invalid_grant"

    def __init__(self, message: str = "the name or the password is wrong") -> None:
        super().__init__(message)


class SpentTwice(LoginFailed):
    """A refresh token came a second time, so its session has ended."""


class InvalidScope(InvalidRequest):
    """More was asked for than the user or the session has."""

    default_code = "invalid_scope"


class UnsupportedGrant(InvalidRequest):
    """A way to get tokens that is not served here."""

    default_code = "unsupported_grant_type"
