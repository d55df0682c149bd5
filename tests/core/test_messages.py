"""The types that flow through the chain."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages import Call, Chunk, Message, Options, Principal, full_name

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


@pytest.mark.parametrize(
    ("held", "wanted", "allowed"),
    [
        ("chat", "chat", True),
        ("chat", "embeddings", False),
        ("*", "admin:config", True),
        ("admin:*", "admin:config", True),
        ("admin:*", "adminx:config", False),
        ("admin", "admin:config", False),
        ("models:read", "models:write", False),
        ("", "chat", False),
    ],
)
def test_scopes_are_exact_or_of_a_prefix(held: str, wanted: str, allowed: bool) -> None:
    """A scope is held by name, by the star after its prefix, or by the star alone."""
    assert Principal(id="p", scopes=frozenset({held})).may(wanted) is allowed


@pytest.mark.parametrize(
    ("models", "model", "allowed"),
    [
        (None, "anything", True),
        ((), "anything", False),
        (("llama3.2",), "llama3.2:latest", True),
        (("llama3.2:latest",), "LLAMA3.2", True),
        (("llama3.2",), "llama3.2:1b", False),
        (("llama3.2:*",), "llama3.2:1b", True),
        (("qwen*",), "qwen3", True),
        (("qwen*",), "qwen3:14b", False),
        (("team/x",), "team/x", True),
    ],
)
def test_models_are_allowed_by_name_or_pattern(
    models: tuple[str, ...] | None, model: str, allowed: bool
) -> None:
    """`x` and `x:latest` are the same model, and case makes no difference."""
    assert Principal(id="p", models=models).may_use(model) is allowed


@given(st.text())
def test_a_full_name_has_a_tag_and_stays(model: str) -> None:
    """Completing a name twice changes nothing more."""
    assert ":" in full_name(model)
    assert full_name(full_name(model)) == full_name(model)


def test_a_port_in_a_name_is_no_tag() -> None:
    """The colon of a registry's port does not count as a tag."""
    assert full_name("host:5000/team/x") == "host:5000/team/x:latest"


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
