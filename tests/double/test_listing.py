"""`/`, version, status, tags, ps and show."""

import httpx

from tests.double import Model, OllamaDouble

MOMENT = 1_795_186_800_123_456_000
DIGEST = "ab" * 32
DETAILS = (
    b'"details":{"parent_model":"","format":"gguf","family":"llama","families":["llama"],'
    b'"parameter_size":"84K","quantization_level":"F16"'
)


def only(double: OllamaDouble) -> None:
    """Leave one model with known bytes."""
    for model in list(double.models):
        double.remove(model.name)
    double.add(Model(name="Tiny", digest=DIGEST, modified_ns=MOMENT))


async def test_the_root_says_that_it_runs(http: httpx.AsyncClient) -> None:
    """The root answers a plain sentence."""
    answer = await http.get("/")
    assert (answer.content, answer.headers["content-type"]) == (
        b"Ollama is running",
        "text/plain; charset=utf-8",
    )


async def test_version_and_status(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Version and cloud status are tiny objects."""
    assert (await http.get("/api/version")).content == b'{"version":"0.32.15"}'
    status = (await http.get("/api/status")).content
    assert status == b'{"cloud":{"disabled":false,"source":"none"}}'
    double.profile = "0.24"
    assert (await http.get("/api/version")).content == b'{"version":"0.24.0"}'


async def test_tags_have_ollamas_bytes(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A model is listed with its short name, local time and, since 0.30, capabilities."""
    only(double)
    head = (
        b'{"models":[{"name":"Tiny:latest","model":"Tiny:latest",'
        b'"modified_at":"2026-11-20T16:00:00.123456+01:00","size":177504,"digest":"'
        + DIGEST.encode()
        + b'",'
        + DETAILS
    )
    more = b',"context_length":4096,"embedding_length":64},"capabilities":["completion"]}]}'
    assert (await http.get("/api/tags")).content == head + more
    double.profile = "0.24"
    assert (await http.get("/api/tags")).content == head + b"}}]}"


async def test_tags_start_with_the_newest(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """The newest model comes first, and without models the list is empty."""
    double.add(Model(name="new", modified_ns=2 * MOMENT))
    names = [model["name"] for model in (await http.get("/api/tags")).json()["models"]]
    assert (names[0], len(names)) == ("new:latest", 6)
    for name in names:
        double.remove(name)
    assert (await http.get("/api/tags")).content == b'{"models":[]}'


async def test_ps_lists_what_is_loaded(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Loaded models come with their expiry, the longest-lived first; for ever is about 2318."""
    assert (await http.get("/api/ps")).content == b'{"models":[]}'
    for name, span in (("tiny", "5m"), ("tiny-embed", -1)):
        await http.post("/api/embed", json={"model": name, "keep_alive": span})
    first, second = (await http.get("/api/ps")).json()["models"]
    assert list(first) == [
        "name",
        "model",
        "size",
        "digest",
        "details",
        "expires_at",
        "size_vram",
        "context_length",
    ]
    assert (first["name"], first["expires_at"][:3]) == ("tiny-embed:latest", "231")
    assert (second["name"], second["expires_at"][-6:]) == ("tiny:latest", "+01:00")


async def test_show_describes_a_model(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Show takes `model` or `name`, always has `model_info`, and pads parameters."""
    parameters = {"stop": ["<|im_end|>", 'a"b'], "num_ctx": 8192}
    double.add(Model(name="m", parameters=parameters, system="Be kind."))
    body = (await http.post("/api/show", json={"name": "M"})).json()
    assert list(body) == [
        "modelfile",
        "parameters",
        "template",
        "system",
        "details",
        "model_info",
        "tensors",
        "capabilities",
        "modified_at",
    ]
    assert body["parameters"].splitlines() == [
        'stop                           "<|im_end|>"',
        'stop                           "a\\"b"',
        "num_ctx                        8192",
    ]
    assert body["model_info"]["llama.context_length"] == 4096
    assert body["model_info"]["tokenizer.ggml.tokens"] == []
    verbose = (await http.post("/api/show", json={"model": "m", "verbose": True})).json()
    assert len(verbose["model_info"]["tokenizer.ggml.tokens"]) == 256


async def test_show_knows_three_mistakes(http: httpx.AsyncClient) -> None:
    """No name, a bad one and an unknown one get different texts."""
    for asked, status, error in (
        ("", 400, "model is required"),
        ("x y", 400, "invalid model name"),
        ("Nope", 404, "model 'Nope:latest' not found"),
    ):
        answer = await http.post("/api/show", json={"model": asked})
        assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_show_tells_what_a_model_is_made_of(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Keys of `info` belong to the family unless they name another; long arrays need `verbose`."""
    heads = [8] * 6
    info = {
        "expert_count": 32,
        "attention.head_count_kv": heads,
        "attention.short": [1] * 5,
        "general.basename": "M",
    }
    shapes = {"blk.0.ffn_up_exps.weight": (64, 128, 32)}
    double.add(Model(name="m", family="gptoss", info=info, tensors=shapes))
    body = (await http.post("/api/show", json={"model": "m"})).json()
    shown = body["model_info"]
    assert (shown["gptoss.expert_count"], shown["general.basename"]) == (32, "M")
    assert (shown["gptoss.attention.head_count_kv"], shown["gptoss.attention.short"]) == (
        [],
        [1] * 5,
    )
    assert [tensor["shape"] for tensor in body["tensors"]] == [[64, 335], [64, 128, 32]]
    verbose = (await http.post("/api/show", json={"model": "m", "verbose": True})).json()
    assert verbose["model_info"]["gptoss.attention.head_count_kv"] == heads


async def test_ps_tells_what_a_model_takes(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A model in memory may take more than its file, and only a part of it on the GPU."""
    double.add(Model(name="m", loaded_size=500, vram_size=300))
    for name in ("m", "tiny"):
        await http.post("/api/embed", json={"model": name})
    sizes = {
        model["name"]: (model["size"], model["size_vram"])
        for model in (await http.get("/api/ps")).json()["models"]
    }
    assert sizes == {"m:latest": (500, 300), "tiny:latest": (177_504, 177_504)}
