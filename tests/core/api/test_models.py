"""Model names at the door: their grammar, and who may use them."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api.models import MAX_NAME, check_model
from core.errors import Forbidden, GatewayError, InvalidRequest
from core.principal import Principal


def _exchange(*models: str) -> Any:
    return SimpleNamespace(principal=Principal(id="me", models=models or None))


@pytest.mark.parametrize(
    "name",
    [
        "tiny",
        "llama3.2:3b-instruct-q4_K_M",
        "ns/name",
        "ns/name:tag",
        "hf.co/org/Repo-GGUF:Q4_K_M",
        "a_b",
        "7b",
        "x" * MAX_NAME,
    ],
)
def test_names_of_ollamas_are_fine(name: str) -> None:
    """Host, namespace, model and tag are accepted."""
    check_model(_exchange(), name)


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/x",
        "x/",
        "x//y",
        "x:",
        ":x",
        "x:a:b",
        "-x",
        ".x",
        "x y",
        "x\n",
        "x\x00",
        "x?y",
        "x%2fy",
        "http://x",
        "ü",
        "x" * (MAX_NAME + 1),
    ],
)
def test_other_names_are_refused(name: str) -> None:
    """A name outside the grammar is a 400, before it reaches a path or a log."""
    with pytest.raises(InvalidRequest, match="invalid model name") as caught:
        check_model(_exchange(), name)
    assert caught.value.param == "model"


def test_a_name_is_required() -> None:
    """An empty name says so."""
    with pytest.raises(InvalidRequest, match="model is required"):
        check_model(_exchange(), "")


def test_cloud_names_are_refused_at_the_door() -> None:
    """A cloud name is refused also for callers who may use every model."""
    with pytest.raises(Forbidden, match="cloud"):
        check_model(_exchange(), "x:120b-cloud")


@pytest.mark.parametrize("name", ["tiny", "tiny:latest", "TINY", "qwen2.5:7b"])
def test_allowed_models_are_fine(name: str) -> None:
    """A caller's list may have names and patterns, with or without the usual tag."""
    check_model(_exchange("tiny", "qwen*:7b"), name)


@pytest.mark.parametrize("name", ["other", "tiny:7b", "library/tiny", "qwen2.5:14b"])
def test_models_of_others_are_forbidden(name: str) -> None:
    """A model that is not on the list is a 403 that names it."""
    with pytest.raises(Forbidden, match=f"your key may not use model '{name}'"):
        check_model(_exchange("tiny", "qwen*:7b"), name)


@given(st.text())
def test_any_text_is_a_name_or_refused(name: str) -> None:
    """What passes has letters, digits and four signs only."""
    try:
        check_model(_exchange(), name)
    except GatewayError:
        return
    assert name.isascii()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:")
