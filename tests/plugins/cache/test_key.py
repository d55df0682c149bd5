"""Which calls have the same answer, and who shares it."""

import threading
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from localai import Call, File, Message, Options, Principal
from plugins.cache import key as module
from plugins.cache.key import (
    LARGE,
    Partition,
    canonical,
    digest,
    element_keys,
    is_repeatable,
    key_of,
    model_of,
    partition_of,
)
from plugins.cache.key import (
    MATTERS as FIELDS,
)
from tests.plugins.cache.calls import (
    IRRELEVANT,
    IRRELEVANT_OF_MESSAGES,
    MATTERS,
    MESSAGES,
    OPTIONS,
)
from tests.plugins.support import a_call

ANN = Principal(id="key:ann", tenant="one", user="ann")
PARTITIONS: tuple[Partition, ...] = ("tenant", "user", "key", "global")


async def key(call: Call, model_digest: str = "", partition: tuple[str, ...] = ()) -> str:
    """Return a call's key, of one model and one partition."""
    return await key_of(call, model_digest, partition)


def test_every_field_of_a_call_is_judged() -> None:
    """Each field of a call, of its options and of its messages is in the tests below."""
    assert {*MATTERS, *IRRELEVANT} == set(Call.__struct_fields__)
    assert not {*MATTERS} & {*IRRELEVANT}
    assert {*OPTIONS} == set(Options.__struct_fields__)
    assert {*MESSAGES, *IRRELEVANT_OF_MESSAGES} == set(Message.__struct_fields__)


@pytest.mark.parametrize("name", [*MATTERS])
@settings(deadline=None, max_examples=10)
@given(st.builds(a_call, **MATTERS), st.data())
async def test_what_changes_the_answer_changes_the_key(
    name: str, call: Call, data: st.DataObject
) -> None:
    """Two calls that differ in one field that a model sees never share an answer."""
    value = data.draw(MATTERS[name])
    assume(value != getattr(call, name))
    assert await key(call) != await key(call.replace(**{name: value}))


@pytest.mark.parametrize("name", [*OPTIONS])
@settings(deadline=None, max_examples=10)
@given(st.fixed_dictionaries(OPTIONS), st.data())
async def test_every_option_changes_the_key(
    name: str, values: dict[str, Any], data: st.DataObject
) -> None:
    """Each single option makes another key, and one that is absent differs from every value."""
    value = data.draw(OPTIONS[name])
    assume(value != values[name])
    one, other = Options(**values), Options(**(values | {name: value}))
    assert await key(a_call(options=one)) != await key(a_call(options=other))


@pytest.mark.parametrize("name", [*MESSAGES])
@settings(deadline=None, max_examples=10)
@given(st.builds(Message, **MESSAGES), st.data())
async def test_every_part_of_a_message_changes_the_key(
    name: str, message: Message, data: st.DataObject
) -> None:
    """Role, text, images and tool calls of a message each make another key."""
    value = data.draw(MESSAGES[name])
    assume(value != getattr(message, name))
    changed = message.replace(**{name: value})
    assert await key(a_call(messages=(message,))) != await key(a_call(messages=(changed,)))


@pytest.mark.parametrize("name", [*IRRELEVANT_OF_MESSAGES])
@settings(deadline=None, max_examples=10)
@given(st.builds(Message, **MESSAGES), st.data())
async def test_what_a_model_is_not_told_of_a_message_keeps_the_key(
    name: str, message: Message, data: st.DataObject
) -> None:
    """What an image is declared as makes no other key than the image alone."""
    changed = message.replace(**{name: data.draw(IRRELEVANT_OF_MESSAGES[name])})
    assert await key(a_call(messages=(message,))) == await key(a_call(messages=(changed,)))


@pytest.mark.parametrize("name", [*IRRELEVANT])
@settings(deadline=None, max_examples=10)
@given(st.builds(a_call, **MATTERS), st.data())
async def test_what_does_not_change_the_answer_keeps_the_key(
    name: str, call: Call, data: st.DataObject
) -> None:
    """Who asks within a tenant, in which form, and how long the model stays make no other key."""
    changed = call.replace(**{name: data.draw(IRRELEVANT[name])})
    assert await key(call) == await key(changed)


async def test_names_of_one_model_share_a_key() -> None:
    """A name with and without `:latest`, in capitals or not, is the same model."""
    names = ("llama3.2", "llama3.2:latest", "LLama3.2", "llama3.2:Latest", "library/llama3.2")
    assert len({await key(a_call(model=name)) for name in names}) == 1


async def test_the_order_of_a_schema_changes_the_key() -> None:
    """An answer has its properties in the order of the schema's, so that order is kept."""
    one, two = {"type": "string"}, {"type": "integer"}
    schemas = [{"a": one, "b": two}, {"b": two, "a": one}]
    keys = {await key(a_call(format={"properties": schema})) for schema in schemas}
    assert len(keys) == 2


@settings(deadline=None, max_examples=50)
@given(st.builds(a_call, **MATTERS), st.builds(a_call, **MATTERS))
async def test_two_calls_share_a_key_only_if_they_are_alike(one: Call, other: Call) -> None:
    """Over whole calls the key is injective on what matters: no two fields run into each other."""
    changed = one.replace(
        **{name: getattr(other, name) for name in IRRELEVANT}, model=model_of(one)
    )
    alike = all(
        getattr(one, name) == getattr(other, name) for name in MATTERS if name != "model"
    ) and model_of(one) == model_of(other)
    assert (await key(one) == await key(other)) == alike
    assert await key(changed) == await key(one)


def test_the_fields_of_the_key_are_those_that_matter() -> None:
    """What the key is made of is what these tests say that it must be."""
    assert {*FIELDS, "model", "messages", "images", "inputs"} == {*MATTERS}


async def test_kind_digest_and_partition_are_in_the_key() -> None:
    """A key says what was asked for; another version of the model or other callers make another."""
    call = a_call()
    keys = [
        await key(call),
        await key(call, "aa"),
        await key(call, "aa", ("one",)),
        await key(call, "aa", ("one", "two")),
        await key(call, "aa", ("onetwo",)),
    ]
    assert len(set(keys)) == 5
    assert all(each.startswith("chat:") and len(each) == len("chat:") + 64 for each in keys)
    assert (await key(a_call(kind="generate", prompt="x"))).startswith("generate:")


async def test_one_byte_of_an_image_makes_another_key() -> None:
    """Two requests that differ in one byte of one image are not the same, small or large."""
    for size in (8, LARGE):
        images = ["A" * size, "A" * (size - 1) + "B"]
        calls = [
            a_call(messages=(Message(role="user", content="What?", images=(image,)),))
            for image in images
        ]
        assert await key(calls[0]) != await key(calls[1])
        generated = [a_call(kind="generate", images=(image,)) for image in images]
        assert await key(generated[0]) != await key(generated[1])


async def test_an_image_is_not_taken_for_its_digest() -> None:
    """Text in the place of an image's digest makes no call that shares the image's key."""
    with_image = a_call(messages=(Message(role="user", content="", images=("abcd",)),))
    forged = a_call(messages=(Message(role="user", content="", images=(digest(b"abcd"),)),))
    assert await key(with_image) != await key(forged)


async def test_large_images_are_digested_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Megabytes of images or files hold up nobody else: another thread digests them."""
    threads: list[bool] = []
    real = module._image

    def noted(image: str) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return real(image)

    monkeypatch.setattr(module, "_image", noted)
    for size in (LARGE - 1, LARGE):
        await key(a_call(messages=(Message(role="user", content="", images=("A" * size,)),)))
        file = File(data="A" * size)
        await key(a_call(messages=(Message(role="user", content="", files=(file,)),)))
    assert threads == [True, True, False, False]


@pytest.mark.parametrize("partition", PARTITIONS)
@settings(deadline=None, max_examples=50)
@given(
    st.builds(Principal, id=st.text(), tenant=st.text(), user=st.text()),
    st.builds(Principal, id=st.text(), tenant=st.text(), user=st.text()),
)
def test_only_callers_of_one_partition_share(
    partition: Partition, one: Principal, other: Principal
) -> None:
    """Tenants never share unless all do; within one, callers share by user or by key if asked."""
    shares = partition_of(one, partition) == partition_of(other, partition)
    same_tenant = one.tenant == other.tenant
    if partition == "global":
        assert shares
    elif partition == "tenant":
        assert shares == same_tenant
    elif partition == "key" or not (one.user or other.user):
        assert shares == (same_tenant and one.id == other.id)
    else:
        assert shares == (same_tenant and one.user == other.user)


@pytest.mark.parametrize(
    ("changes", "always"),
    [
        ({"options": Options()}, False),
        ({"options": Options(temperature=0.7)}, False),
        ({"options": Options(temperature=0.0)}, True),
        ({"options": Options(temperature=0.7, seed=1)}, True),
        ({"options": Options(seed=0)}, True),
        ({"kind": "generate", "prompt": "x", "messages": (), "options": Options(seed=1)}, True),
        ({"kind": "embed", "inputs": ("x",), "messages": ()}, True),
    ],
)
def test_only_what_would_come_out_the_same_is_repeatable(
    changes: dict[str, Any], always: bool
) -> None:
    """Chance goes past the cache unless the file says otherwise; the rest does not."""
    call = a_call(**changes)
    assert is_repeatable(call, sampled=False) is always
    assert is_repeatable(call, sampled=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": ()},
        {"kind": "generate", "messages": ()},
        {"kind": "embed", "messages": ()},
    ],
)
def test_mere_loading_is_never_repeatable(changes: dict[str, Any]) -> None:
    """A request that only loads its model loads it each time."""
    call = a_call(options=Options(seed=1), **changes)
    assert not is_repeatable(call, sampled=True)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(), max_size=6), st.text(), st.text())
def test_a_text_has_one_key_in_every_batch(texts: list[str], model: str, partition: str) -> None:
    """The key of a text's embedding is the same alone and among others, and of that text only."""
    call = a_call(kind="embed", messages=(), inputs=tuple(texts))
    keys = element_keys(call, model, (partition,))
    alone = [element_keys(call.replace(inputs=(text,)), model, (partition,))[0] for text in texts]
    assert keys == alone
    assert len(set(keys)) == len(set(texts))
    assert not set(keys) & set(element_keys(call, model + "x", (partition,)))
    assert not set(keys) & set(element_keys(call, model, (partition, "")))
    assert not set(keys) & set(element_keys(call.replace(dimensions=7), model, (partition,)))


@given(st.lists(st.text() | st.integers(-9, 9) | st.lists(st.text()), max_size=4), st.data())
def test_values_are_written_in_one_way_only(values: list[Any], data: st.DataObject) -> None:
    """Different values are different bytes: they can't run into each other."""
    other = data.draw(st.lists(st.text() | st.integers(-9, 9) | st.lists(st.text()), max_size=4))
    assert (canonical(*values) == canonical(*other)) == (values == other)
