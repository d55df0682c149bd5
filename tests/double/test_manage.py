"""Pull, push, create, copy, delete and blobs."""

import hashlib
import json

import httpx
import pytest

from tests.double import Model, OllamaDouble


def statuses(answer: httpx.Response) -> list[str]:
    """Read the steps of a progress stream."""
    return [json.loads(line)["status"] for line in answer.content.splitlines()]


async def test_a_pull_reports_and_installs(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A pull names each step and installs the model."""
    model = Model(name="far", size=100)
    double.remote.add(model)
    answer = await http.post("/api/pull", json={"model": "far"})
    layer = f"pulling {model.digest[:12]}"
    assert statuses(answer) == [
        "pulling manifest",
        *[layer] * 3,
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]
    assert json.loads(answer.content.splitlines()[2]) == {
        "status": layer,
        "digest": f"sha256:{model.digest}",
        "total": 100,
        "completed": 50,
    }
    assert (await http.post("/api/show", json={"model": "far"})).status_code == 200


async def test_a_pull_of_nothing_fails_late(http: httpx.AsyncClient) -> None:
    """A failed pull is an error line in a stream, and a 500 without one."""
    streamed = await http.post("/api/pull", json={"model": "no"})
    assert (streamed.status_code, streamed.content.splitlines()[1]) == (
        200,
        b'{"error":"pull model manifest: file does not exist"}',
    )
    plain = await http.post("/api/pull", json={"model": "no", "stream": False})
    assert (plain.status_code, plain.headers["content-type"]) == (500, "application/json")
    assert plain.json()["error"] == "pull model manifest: file does not exist"
    unnamed = await http.post("/api/pull", json={"model": ""})
    assert (unnamed.status_code, unnamed.json()["error"]) == (400, "invalid model name")


async def test_a_plain_success_is_one_object(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Without streaming a success is its last step."""
    double.remote.add(Model(name="far"))
    answer = await http.post("/api/pull", json={"model": "far", "stream": False})
    assert answer.content == b'{"status":"success"}'


async def test_push_reports(http: httpx.AsyncClient) -> None:
    """A push names each step, or fails."""
    assert statuses(await http.post("/api/push", json={"model": "tiny"}))[-1] == "success"
    assert (await http.post("/api/push", json={"model": "no"})).content.endswith(
        b'{"error":"file does not exist"}\n'
    )


async def test_create_from_a_model_and_from_a_file(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A model is made of another one or of an uploaded GGUF file."""
    made = {"model": "mine", "from": "tiny", "system": "Be kind.", "parameters": {"num_ctx": 99}}
    assert statuses(await http.post("/api/create", json=made))[-1] == "success"
    blob = b"GGUF and so on"
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    assert (await http.head(f"/api/blobs/{digest}")).status_code == 404
    assert (await http.post(f"/api/blobs/{digest}", content=blob)).status_code == 201
    assert (await http.post(f"/api/blobs/{digest}", content=blob)).status_code == 200
    assert (await http.head(f"/api/blobs/{digest}")).status_code == 200
    made = {"model": "filed", "files": {"a.gguf": digest}}
    assert statuses(await http.post("/api/create", json=made))[0] == "parsing GGUF"
    assert {"mine:latest", "filed:latest"} <= {model.short for model in double.models}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"model": "m"}, "neither 'from' or 'files' was specified"),
        ({"model": "m", "files": {"a": "sha256:0"}}, "supplied file was not in GGUF format"),
        ({"model": ""}, "invalid model name"),
    ],
)
async def test_bad_creates_are_refused(
    request_: dict[str, object], error: str, http: httpx.AsyncClient
) -> None:
    """A create without a usable source or name is a 400."""
    answer = await http.post("/api/create", json=request_)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


async def test_a_blob_must_match_its_digest(http: httpx.AsyncClient) -> None:
    """A blob under a wrong digest is refused with both digests."""
    wrong = f"sha256:{'0' * 64}"
    answer = await http.post(f"/api/blobs/{wrong}", content=b"x")
    got = hashlib.sha256(b"x").hexdigest()
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        f'digest mismatch, expected "{wrong}", got "sha256:{got}"',
    )


async def test_copy_and_delete_have_empty_answers(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A copy and a delete answer 200 without a body."""
    copied = await http.post("/api/copy", json={"source": "tiny", "destination": "twin"})
    assert (copied.status_code, copied.content) == (200, b"")
    deleted = await http.request("DELETE", "/api/delete", json={"model": "TINY"})
    assert (deleted.status_code, deleted.content) == (200, b"")
    names = {model.short for model in double.models}
    assert ("twin:latest" in names, "tiny:latest" in names) == (True, False)


async def test_copy_and_delete_know_their_mistakes(http: httpx.AsyncClient) -> None:
    """Missing models and bad names get Ollama's texts."""
    for request, status, error in (
        ({"source": "", "destination": "b"}, 400, 'source "" is invalid'),
        ({"source": "a", "destination": ""}, 400, 'destination "" is invalid'),
        ({"source": "no", "destination": "b"}, 404, 'model "no" not found'),
    ):
        answer = await http.post("/api/copy", json=request)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
    for name, status, error in (
        ("", 400, "model is required"),
        ("a b", 400, 'name "a b" is invalid'),
        ("no", 404, "model 'no' not found"),
    ):
        answer = await http.request("DELETE", "/api/delete", json={"model": name})
        assert (answer.status_code, answer.json()["error"]) == (status, error)
