"""Keys and tokens are cut out of texts."""

from hypothesis import given
from hypothesis import strategies as st

from core.redact import redact

KID = st.text("abcXYZ019", min_size=10, max_size=10)
SECRET = st.text("abcXYZ019_-", min_size=43, max_size=43)
PART = st.text("abcXYZ019_-", min_size=20, max_size=40)


@given(st.text(), KID, SECRET, st.text())
def test_of_a_key_its_public_part_stays(before: str, kid: str, secret: str, after: str) -> None:
    """Wherever a key stands in a text, its kid stays and its secret goes."""
    key = f"lai_{kid}_{secret}_0aB9zZ"
    expected = f"{redact(before)} lai_{kid}_*** {redact(after)}"
    assert redact(f"{before} {key} {after}") == expected
    assert redact(expected) == expected


@given(PART, PART, PART)
def test_tokens_go_wholly(head: str, claims: str, signature: str) -> None:
    """Neither the claims nor the signature of a token stay."""
    text = redact(f"/v1/models/eyJ{head}.eyJ{claims}.{signature}/x")
    assert text == "/v1/models/eyJ***/x"


@given(KID, st.text().filter(lambda text: "eyJ" not in text))
def test_other_texts_stay(kid: str, text: str) -> None:
    """A kid alone, and whatever is neither key nor token, is left as it is."""
    assert redact(f"{text} lai_{kid}") == f"{text} lai_{kid}"
