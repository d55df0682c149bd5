"""JSON Web Tokens."""

import jwt
import pytest

from plugins.guardrails.pii.entities.secrets.jwt import JWT
from tests.plugins.guardrails.pii.entities.support import found

KEY = "k" * 64


@pytest.mark.parametrize("size", [1, 100, 1500])
@pytest.mark.parametrize("sign", ['"', " ", "\n", ".", ","])
def test_a_token_is_found_whole(size: int, sign: str) -> None:
    """Small and large, up to what stands after it."""
    token = jwt.encode({"sub": "x" * size}, KEY, algorithm="HS256", headers={"kid": "a" * 30})
    assert found(JWT, f"Bearer {token}{sign}").pop().rstrip(".") == token
    assert found(JWT, f"a{token}") == []


@pytest.mark.parametrize("size", [3000, 20_000])
def test_a_token_longer_than_may_be_held_is_taken_with_its_end(size: int) -> None:
    """Nothing of it is left, and what follows its end is."""
    token = jwt.encode({"sub": "x" * size}, KEY, algorithm="HS512")
    assert found(JWT, f'{{"token": "{token}", "more": 1}}') == [f'{token}"']


def test_five_parts_are_an_encrypted_token() -> None:
    """A JWE is found whole (RFC 7516, A.1, shortened)."""
    token = (
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKo"
        ".48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3aj"
        ".XFBoMYUZodetZdvTiFvSkQ"
    )
    assert found(JWT, f"<{token}>") == [token]


@pytest.mark.parametrize(
    "text",
    [
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJ0eXAiOiJKV1QiLCJraWQiOiJhIn0.eyJzdWIiOiJ4In0.abc",
        "eyJeyJeyJeyJeyJeyJeyJ.eyJeyJ.eyJ",
    ],
)
def test_other_base64_is_left(text: str) -> None:
    """A header alone, JSON without an algorithm, and noise are no tokens."""
    assert found(JWT, text) == []
