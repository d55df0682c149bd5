"""Request bodies as Go reads them."""

import pytest

from tests.double.decode import DecodeError, EmptyError, decode
from tests.double.go import FOREVER
from tests.double.requests import CHAT, EMBED, GENERATE
from tests.double.v1_requests import COMPLETION


def test_keys_match_without_case_and_the_last_one_wins() -> None:
    """A second spelling of a key replaces the first."""
    assert decode(b'{"model":"a","MODEL":"b"}', CHAT) == {"model": "b"}


def test_only_the_first_value_counts() -> None:
    """What follows the first JSON value, and what nobody knows, is ignored."""
    assert decode(b' {"model":"a","what":1} garbage', CHAT) == {"model": "a"}


def test_an_empty_body_is_told_apart() -> None:
    """No body at all is Go's EOF."""
    with pytest.raises(EmptyError, match=r"^EOF$"):
        decode(b" \n", CHAT)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"x", "invalid character 'x' looking for beginning of value"),
        (b'{"a":1', "unexpected EOF"),
        (b'{"a', "unexpected EOF"),
        (b"{a:1}", "invalid character 'a' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 2}', "invalid character '2' after object key:value pair"),
        (b'{"a":[1 2]}', "invalid character '2' after array element"),
        (b'{"a":NaN}', "invalid character 'N' looking for beginning of value"),
    ],
)
def test_bad_json_has_gos_text(body: bytes, error: str) -> None:
    """Bad JSON is refused in Go's words."""
    with pytest.raises(DecodeError) as caught:
        decode(body, CHAT)
    assert str(caught.value) == error


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            b'{"messages":"x"}',
            "json: cannot unmarshal string into Go struct field ChatRequest.messages "
            "of type []api.Message",
        ),
        (
            b'{"messages":[{"content":[]}]}',
            "json: cannot unmarshal array into Go struct field ChatRequest.messages.content "
            "of type string",
        ),
        (
            b'{"top_logprobs":1.5}',
            "json: cannot unmarshal number 1.5 into Go struct field ChatRequest.top_logprobs "
            "of type int",
        ),
        (b"[]", "json: cannot unmarshal array into Go value of type ChatRequest"),
        (
            b'{"options":3}',
            "json: cannot unmarshal number into Go struct field ChatRequest.options "
            "of type map[string]interface {}",
        ),
        (b'{"messages":[{"images":["aGk=!"]}]}', "illegal base64 data at input byte 3"),
    ],
)
def test_wrong_types_have_gos_text(body: bytes, error: str) -> None:
    """A value of the wrong type is refused in Go's words."""
    with pytest.raises(DecodeError) as caught:
        decode(body, CHAT)
    assert str(caught.value) == error


def test_a_list_is_no_prompt() -> None:
    """A completion's prompt must be one text."""
    with pytest.raises(DecodeError, match=r"array into Go struct field \w+\.prompt of"):
        decode(b'{"prompt":["a"]}', COMPLETION)


def test_images_are_decoded() -> None:
    """Base64 becomes bytes."""
    assert decode(b'{"images":["aGk="]}', GENERATE) == {"images": [b"hi"]}


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [(b"0", 0), (b"1.5", 1_500_000_000), (b"-1", FOREVER), (b'"-5m"', FOREVER), (b'"0"', 0)],
)
def test_keep_alive_is_read(value: bytes, nanoseconds: int) -> None:
    """Numbers are seconds, texts are Go durations, and negative means for ever."""
    assert decode(b'{"keep_alive":' + value + b"}", EMBED) == {"keep_alive": nanoseconds}


def test_null_keep_alive_is_absent() -> None:
    """Null leaves the server's default."""
    assert decode(b'{"keep_alive":null}', EMBED) == {}


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (b'"-1"', 'time: missing unit in duration "-1"'),
        (b"true", "Unsupported type: 'bool'"),
        (b"[]", "Unsupported type: '[]interface {}'"),
    ],
)
def test_bad_keep_alive_has_ollamas_text(value: bytes, error: str) -> None:
    """A bad span is refused in Ollama's words."""
    with pytest.raises(DecodeError) as caught:
        decode(b'{"keep_alive":' + value + b"}", EMBED)
    assert str(caught.value) == error


def test_think_levels_are_checked() -> None:
    """A level that Ollama does not know is refused."""
    with pytest.raises(DecodeError) as caught:
        decode(b'{"think":"x"}', CHAT)
    assert str(caught.value) == (
        'invalid think value: "x" (must be "high", "medium", "low", "max", true, or false)'
    )
