"""Addresses of e-mail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.pii.entities.email import EMAIL, EMAIL_OBFUSCATED, is_email
from tests.plugins.guardrails.pii.entities.support import found

NAMES = st.from_regex(r"[a-z0-9][a-z0-9_.+%-]{0,20}[a-z0-9]", fullmatch=True).filter(
    lambda name: ".." not in name and name != "git"
)
HOSTS = st.from_regex(r"[a-z]([a-z0-9]{0,10}[a-z0-9])?\.(com|org|de|co\.uk|museum)", fullmatch=True)


@given(NAMES, HOSTS, st.sampled_from([" ", "'", '"', "<", "(", "=", ":", ",", ";", "\n", "|", ""]))
def test_an_address_is_found_whatever_stands_around_it(name: str, host: str, sign: str) -> None:
    """Quotes, brackets, `=` and the end of a sentence are no part of it."""
    address = f"{name}@{host}"
    assert found(EMAIL, f"to {sign}{address}{sign} or.") == [address]
    assert found(EMAIL, f"mailto:{address}.") == [address]


@pytest.mark.parametrize(
    "address",
    [
        "jörg@müller.de",
        "иван@почта.рф",
        "bob@例え.jp",
        "a@xn--bcher-kva.ch",
        "a@B.COM",
        "x@1and1.com",
    ],
)
def test_names_of_other_scripts_are_found(address: str) -> None:
    """Internationalised names of hosts are, as they are and as ASCII; capitals too."""
    assert found(EMAIL, f"An {address}: hallo") == [address]


def test_words_without_spaces_before_an_address_are_left() -> None:
    """East Asian text does not become the local part."""
    assert found(EMAIL, "请联系bob@example.com谢谢") == ["bob@example.com"]


def test_the_first_word_of_the_next_sentence_is_no_domain() -> None:
    """Where the space after the full stop is missing, the address ends before that."""
    assert found(EMAIL, "Write to bob@example.com.Then wait") == ["bob@example.com"]


@pytest.mark.parametrize(
    "text",
    [
        "logo@2x.png",
        "lodash@4.17.21",
        "pkg@1.0.0-beta.next",
        "git@github.com:org/repo.git",
        "user@localhost",
        "@app.route",
        "a@b",
        "me@example..com",
        "bob@-example.com",
    ],
)
def test_what_has_an_at_sign_is_not_always_an_address(text: str) -> None:
    """Packages, images, repositories, decorators and hosts without a domain are left."""
    assert found(EMAIL, f"see {text} there") == []


def test_lengths_are_those_of_the_standard() -> None:
    """64 characters before the `@`, 63 in a label: one more of either is no address."""
    assert is_email(f"{'a' * 64}@example.com")
    assert is_email(f"a@{'b' * 63}.com")
    assert not is_email(f"a@{'b' * 64}.com")
    assert found(EMAIL, f"{'a' * 65}@example.com") == []


@pytest.mark.parametrize(
    "text",
    [
        "john [at] example [dot] com",
        "john(at)example.com",
        "john (at) mail (dot) example (dot) org",
        "JOHN [AT] EXAMPLE [DOT] COM",
        "john at example dot com",
        "john{at}example{dot}de",
    ],
)
def test_addresses_for_people_are_an_entity_of_their_own(text: str) -> None:
    """Those with `[at]` and `(dot)`, and the words alone before a known top-level domain."""
    assert found(EMAIL_OBFUSCATED, f"or {text}, thanks")[0].endswith(text)
    assert found(EMAIL, text) == []


@pytest.mark.parametrize("text", ["meet at noon dot", "look at this dot product", "at 5 (at most)"])
def test_at_and_dot_are_words_too(text: str) -> None:
    """A sentence with `at` and `dot` is no address."""
    assert found(EMAIL_OBFUSCATED, text) == []
