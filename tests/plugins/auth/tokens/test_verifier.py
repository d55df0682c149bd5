"""The whole way of a token, and the memory of it."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.tokens.compact import Parts
from plugins.auth.tokens.errors import NOT_FOR_US, UNVERIFIED, InvalidToken
from plugins.auth.tokens.jwk import Key, read_keys
from plugins.auth.tokens.oidc import rules_of
from plugins.auth.tokens.own import Claims, Own
from plugins.auth.tokens.verdicts import LIFE, Verdicts
from plugins.auth.tokens.verifier import Verifier
from tests.plugins.auth.tokens.support import an_issuer, as_json, claims, jwk, part, signed

ALGORITHMS = ("RS256", "ES256", "EdDSA")


class Issuing:
    """An issuer whose keys are here, and which counts how often it is asked."""

    def __init__(self) -> None:
        self.rules = rules_of(an_issuer(algorithms=ALGORITHMS), 30)
        text = as_json({"keys": [jwk(each) for each in ALGORITHMS]})
        self.keys = {key.kid: key for key in read_keys(text.encode(), ALGORITHMS)}
        self.asked = 0

    async def key(self, kid: str | None, algorithm: str) -> Key:
        """Return a key by its name only, whatever the token's algorithm is."""
        self.asked += 1
        if kid not in self.keys:
            raise InvalidToken(UNVERIFIED)
        return self.keys[kid]

    def read(self, parts: Parts) -> str:
        """Return the subject."""
        return parts.registered.sub


ISSUING = Issuing()


def verifier() -> Verifier[str]:
    """Return a verifier without a memory of other tests."""
    return Verifier((ISSUING,), Verdicts())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_of_each_family_is_verified_once(algorithm: str) -> None:
    """RSA, elliptic curves and Edwards curves; the second time needs no key."""
    check, token = verifier(), signed(algorithm)
    asked = ISSUING.asked
    assert await check.verify(token) == "anna"
    assert await check.verify(token) == "anna"
    assert ISSUING.asked == asked + 1


async def test_a_verdict_ends_with_the_token_and_after_a_minute() -> None:
    """A token that has expired since is refused, though it was let in a moment ago."""
    now = [time.time(), 0.0]
    verdicts = Verdicts[str](wall=lambda: now[0], clock=lambda: now[1])
    check = Verifier((ISSUING,), verdicts)
    token = signed(exp=int(now[0]) - 20)
    for _ in range(2):
        assert await check.verify(token) == "anna"
    token = signed()
    await check.verify(token)
    asked, now[1] = ISSUING.asked, LIFE
    await check.verify(token)
    assert ISSUING.asked == asked + 1


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (signed(iss="https://evil.example"), NOT_FOR_US),
        (signed(iss="https://issuer.example/realms/main/"), NOT_FOR_US),
        (signed(header={"kid": "unknown"}), UNVERIFIED),
        (signed(header={"kid": None}), UNVERIFIED),
        (signed(header={"kid": "key-ES256"}), UNVERIFIED),
        (signed("RS512", header={"kid": "key-RS256"}), UNVERIFIED),
        (signed("HS256", "k" * 32, header={"kid": "key-RS256"}), UNVERIFIED),
        (signed("HS256", "k" * 32), UNVERIFIED),
    ],
)
async def test_a_token_that_names_no_known_issuer_or_key_is_refused(
    token: str, reason: str
) -> None:
    """The issuer to the letter, its key by name, and the key's own algorithm, or nothing."""
    with pytest.raises(InvalidToken, match=reason):
        await verifier().verify(token)


async def test_two_tokens_that_share_their_beginnings_and_ends_are_two() -> None:
    """One genuine token opens nothing for another one that starts and ends alike."""
    check = verifier()
    good = signed("EdDSA", sub="anna" + "a" * 400)
    assert await check.verify(good)
    head, _, signature = good.split(".")
    body = part(as_json(claims(sub="root" + "a" * 400)).encode())
    with pytest.raises(InvalidToken):
        await check.verify(f"{head}.{body}.{signature}")
    assert await check.verify(signed("EdDSA", sub="ben" + "a" * 400)) == "ben" + "a" * 400


async def test_own_tokens_and_an_issuers_stand_side_by_side() -> None:
    """Each is verified by the keys of the issuer that it names, never by another's."""

    own = Own(bytes(32), issuer="localai", audience="localai", life=600, leeway=0)
    check: Verifier[Claims | str] = Verifier((own, ISSUING), Verdicts())
    mine = own.issue(Claims(sub="me", scope="chat", sid="1", stamp="1"), time.time() + 600).token
    found = await check.verify(mine)
    assert isinstance(found, Claims)
    assert found.sub == "me"
    assert await check.verify(signed()) == "anna"
    for forged in (
        signed(iss="localai"),
        signed("HS256", own.signing.public, iss="https://issuer.example/realms/main"),
    ):
        with pytest.raises(InvalidToken):
            await check.verify(forged)


@given(data=st.data())
async def test_any_change_to_a_token_makes_it_worthless(data: st.DataObject) -> None:
    """Whatever bit of a genuine token is flipped, it is refused."""
    token: Any = data.draw(st.sampled_from(TOKENS))
    at = data.draw(st.integers(0, len(token) * 7 - 1))
    raw = bytearray(token.encode())
    raw[at // 7] ^= 1 << (at % 7)
    check = verifier()
    assert await check.verify(token) == "anna"
    with pytest.raises(InvalidToken):
        await check.verify(raw.decode())


TOKENS = [signed(algorithm) for algorithm in ALGORITHMS]
