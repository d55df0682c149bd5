"""`POST /api/embed` and `POST /api/embeddings`."""

import json
import math
from typing import Any

import httpx
import pytest

from tests.double import OllamaDouble
from tests.double.embed import vector


async def ask(http: httpx.AsyncClient, **request: Any) -> httpx.Response:
    """Embed with the embedding model unless told otherwise."""
    return await http.post("/api/embed", json={"model": "tiny-embed", **request})


async def test_vectors_are_deterministic_and_of_length_one(http: httpx.AsyncClient) -> None:
    """The same text gets the same unit vector, another text another one."""
    body = (await ask(http, input=["a b", "a b", "c"])).json()
    first, second, third = body["embeddings"]
    assert (first == second, first == third, len(first)) == (True, False, 64)
    assert math.isclose(math.fsum(x * x for x in first), 1, rel_tol=1e-6)
    assert list(body) == [
        "model",
        "embeddings",
        "total_duration",
        "load_duration",
        "prompt_eval_count",
    ]
    assert body["prompt_eval_count"] == 5


async def test_dimensions_cut_and_normalise_again(http: httpx.AsyncClient) -> None:
    """Fewer dimensions give a shorter unit vector; more than there are change nothing."""
    (cut,) = (await ask(http, input="a", dimensions=8)).json()["embeddings"]
    assert len(cut) == 8
    assert math.isclose(math.fsum(x * x for x in cut), 1, rel_tol=1e-6)
    (whole,) = (await ask(http, input="a", dimensions=65)).json()["embeddings"]
    assert whole == [float(f"{x:.9g}") for x in whole]
    assert len(whole) == 64


async def test_numbers_have_float32_digits(http: httpx.AsyncClient) -> None:
    """No number has more digits than a float32 needs."""
    body = (await ask(http, input="digits")).text
    numbers = body[body.index("[[") + 2 : body.index("]]")].split(",")
    assert all(len(number.lstrip("-0.").rstrip("0")) <= 9 for number in numbers)
    assert [float(number) for number in numbers] == pytest.approx(vector("digits", 64))


@pytest.mark.parametrize("given", [{}, {"input": ""}, {"input": []}, {"input": None}])
async def test_no_input_only_loads(
    given: dict[str, Any], double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Without input the model is loaded and the list is empty."""
    answer = await ask(http, **given)
    assert answer.content == b'{"model":"tiny-embed","embeddings":[]}'
    assert double.loads == 1


@pytest.mark.parametrize(
    ("request_", "status", "error"),
    [
        ({"input": [1, 2]}, 400, "invalid input type"),
        ({"input": [[1]]}, 400, "invalid input type"),
        ({"input": 3}, 400, "invalid input type"),
        ({"model": ""}, 404, "model '' not found"),
        ({"model": "x y"}, 400, "invalid model name"),
        ({"model": "x"}, 404, 'model "x" not found, try pulling it first'),
        (
            {"input": "a b c d e", "truncate": False, "options": {"num_ctx": 4}},
            400,
            "the input length exceeds the context length",
        ),
    ],
)
async def test_errors_have_ollamas_text(
    request_: dict[str, Any], status: int, error: str, http: httpx.AsyncClient
) -> None:
    """Each mistake gets its own status and text."""
    answer = await ask(http, **request_)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_a_chat_model_embeds_nothing(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """The runner of a chat model answers 501, since 0.30 with JSON inside the text."""
    new = await ask(http, model="tiny", input="a")
    assert new.status_code == 501
    assert json.loads(new.json()["error"])["error"]["type"] == "not_supported_error"
    double.profile = "0.24"
    old = await ask(http, model="tiny", input="a")
    assert (old.status_code, old.json()["error"]) == (
        501,
        "this model does not support embeddings",
    )


async def test_the_older_endpoint_gives_one_raw_vector(http: httpx.AsyncClient) -> None:
    """The older endpoint does not normalise, and an empty prompt gives an empty vector."""
    request = {"model": "tiny-embed", "prompt": "a"}
    numbers = (await http.post("/api/embeddings", json=request)).json()["embedding"]
    assert math.fsum(x * x for x in numbers) > 2
    empty = await http.post("/api/embeddings", json={**request, "prompt": ""})
    assert empty.content == b'{"embedding":[]}'
    wrong = await http.post("/api/embeddings", json={"model": "tiny", "prompt": "a"})
    assert wrong.status_code == 500
    missing = await http.post("/api/embeddings", json={})
    assert (missing.status_code, missing.json()["error"]) == (400, "model is required")
