"""What `POST /v1/moderations` reads and answers, in OpenAI's shape."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from localai import InvalidRequest, PayloadTooLarge

Kind = Literal["text", "image"]

NOT_JUDGED = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening"),
    *("illicit", "illicit/violent"),
    *("self-harm", "self-harm/intent", "self-harm/instructions"),
    *("sexual", "sexual/minors", "violence", "violence/graphic"),
)
"""OpenAI's own categories, which its clients expect. No model is asked here, so all are false."""


class TextInput(Struct, tag_field="type", tag="text"):
    """A part of an input that is text."""

    text: str


class ImageUrl(Struct):
    """Where an image is; only data URIs are taken."""

    url: str


class ImageInput(Struct, tag_field="type", tag="image_url"):
    """A part of an input that is an image. It is checked to be one, and not judged."""

    image_url: ImageUrl


class ModerationRequest(Struct, kw_only=True):
    """The body of `POST /v1/moderations`: a text, texts to judge one by one, or parts of one."""

    input: str | list[str | TextInput | ImageInput]
    model: str | None = None


class Result(Struct, kw_only=True):
    """What was found in one input."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, tuple[Kind, ...]]


class Moderation(Struct, kw_only=True):
    """The answer: a result for each text, or one for all parts."""

    id: str
    model: str
    results: list[Result]


class Input(Struct, frozen=True):
    """What is judged together."""

    texts: tuple[str, ...]
    images: tuple[tuple[str, str], ...] = ()
    """The URL of each, after the name of its place."""


def inputs_of(request: ModerationRequest, *, most: int, longest: int) -> list[Input]:
    """Return what is to be judged, each with a result of its own.

    Raises `InvalidRequest`, or `PayloadTooLarge` above `most` inputs or `longest` characters.
    """
    given = request.input
    if isinstance(given, str):
        inputs = [Input((given,))]
    elif not given:
        raise InvalidRequest("input is empty: send a text", param="input")
    elif len(given) > most:
        raise PayloadTooLarge(f"input has more than {most} items: send fewer", param="input")
    elif all(isinstance(each, str) for each in given):
        inputs = [Input((text,)) for text in _texts(given)]
    elif any(isinstance(each, str) for each in given):
        raise InvalidRequest(
            "input mixes texts and parts: send texts only, or parts with a type only",
            param="input",
        )
    else:
        inputs = [Input(tuple(_texts(given)), tuple(_images(given)))]
    if sum(len(text) for each in inputs for text in each.texts) > longest:
        raise PayloadTooLarge(
            f"input is longer than {longest} characters: send less", param="input"
        )
    return inputs


def _texts(given: Sequence[str | TextInput | ImageInput]) -> Iterator[str]:
    for each in given:
        if isinstance(each, str):
            yield each
        elif isinstance(each, TextInput):
            yield each.text


def _images(given: Sequence[str | TextInput | ImageInput]) -> Iterator[tuple[str, str]]:
    for at, each in enumerate(given):
        if isinstance(each, ImageInput):
            yield f"input[{at}].image_url.url", each.image_url.url


def result_of(scores: Mapping[str, float], flagged: frozenset[str], *, has_text: bool) -> Result:
    """Return a result: the scores of the categories that are judged, and those that are flagged."""
    every = dict.fromkeys(NOT_JUDGED, 0.0) | dict(scores)
    judged: tuple[Kind, ...] = ("text",) if has_text else ()
    return Result(
        flagged=bool(flagged),
        categories={name: name in flagged for name in every},
        category_scores=every,
        category_applied_input_types={name: judged if name in scores else () for name in every},
    )
