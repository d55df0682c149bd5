"""The types that flow through the chain."""

import msgspec
import pytest

from core.messages import Call, Chunk, Message, Options
from core.principal import Principal

CALL = Call(
    kind="chat",
    model="m",
    stream=True,
    dialect="ollama",
    request_id="r",
    principal=Principal(id="p"),
)


@pytest.mark.parametrize("value", [CALL, Chunk(content="a"), Options(), CALL.principal])
def test_values_are_immutable(value: msgspec.Struct) -> None:
    """A field can't be set: plugins share what they are given."""
    with pytest.raises(AttributeError, match="immutable"):
        setattr(value, value.__struct_fields__[0], "other")


def test_replace_makes_a_changed_copy() -> None:
    """The copy has the change; the original, and what was not named, stay."""
    copy = CALL.replace(model="other")
    assert (copy.model, CALL.model, copy.request_id) == ("other", "m", "r")
    with pytest.raises(TypeError):
        CALL.replace(colour="red")


def test_copies_share_the_headers_of_the_answer() -> None:
    """A header set by an inner plugin is seen by all, but not by another call."""
    CALL.replace(model="other").headers["x-a"] = "1"
    assert CALL.headers.pop("x-a") == "1"
    other = Call(
        kind="chat",
        model="m",
        stream=True,
        dialect="ollama",
        request_id="s",
        principal=CALL.principal,
    )
    assert other.headers is not CALL.headers


def test_a_message_is_encoded_as_ollama_reads_it() -> None:
    """Only what is set goes on the wire, by Ollama's names."""
    message = Message(role="user", content="", images=("aGk=",))
    assert msgspec.json.decode(msgspec.json.encode(message)) == {
        "role": "user",
        "content": "",
        "images": ["aGk="],
    }


def test_texts_are_all_that_a_model_reads() -> None:
    """Each kind of call yields its own texts in order, and no empty prompt."""
    chat = CALL.replace(
        messages=(Message(role="system", content="a"), Message(role="user", content="b"))
    )
    generate = CALL.replace(kind="generate", system="s", prompt="p", suffix="x")
    embed = CALL.replace(kind="embed", inputs=("i", ""), prompt="not read")
    assert list(chat.texts()) == ["a", "b"]
    assert list(generate.texts()) == ["s", "p", "x"]
    assert list(embed.texts()) == ["i", ""]


def test_an_empty_request_only_loads_a_model() -> None:
    """No message or no prompt means loading; an embedding never does."""
    assert CALL.loads_only
    assert not CALL.replace(messages=(Message(role="user", content=""),)).loads_only
    assert CALL.replace(kind="generate").loads_only
    assert not CALL.replace(kind="generate", prompt="p").loads_only
    assert not CALL.replace(kind="embed").loads_only
