"""The user's own model as a second opinion: any sequence classifier in ONNX with its tokenizer."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from localai import Duration, SettingsError, Unavailable
from plugins.guardrails.injection.sentences import slices

PIECE = 8192
"""Characters that are tokenized at once."""
INSTALL = "pip install 'localai-edge-router[classifier]'"

_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})


class ClassifierSettings(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Settings of [plugins.guardrails.injection.classifier]."""

    enabled: bool = False
    """Ask a model of your own too; needs the packages onnxruntime and tokenizers."""
    model: Path = Path("model.onnx")
    """A sequence classifier in ONNX."""
    tokenizer: Path = Path("tokenizer.json")
    """Its tokenizer."""
    label: Annotated[int, Meta(ge=0)] = 1
    """Which of its classes means injection, counted from 0."""
    threshold: Annotated[float, Meta(gt=0, le=1)] = 0.9
    """Probability from which a text counts as an injection."""
    max_tokens: Annotated[int, Meta(ge=16, le=8192)] = 512
    """Tokens that it reads at once; longer texts are read in windows that overlap by a quarter."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    """Processor cores that it may use."""
    deadline: Duration = Duration(5)
    """Longest time for one text; a request that takes longer is refused."""


class Classifier:
    """Tells how probable it is that a text is an injection."""

    def __init__(self, settings: ClassifierSettings) -> None:
        for name, path in (("model", settings.model), ("tokenizer", settings.tokenizer)):
            if not path.is_file():
                raise SettingsError(f"classifier.{name}: there is no file {path}: name one")
        self._settings = settings
        self._session: Any = None
        self._tokenizer: Any = None
        self._numpy: Any = None
        self._inputs: tuple[str, ...] = ()
        self._pool: ThreadPoolExecutor

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the model in memory in between."""
        # One thread: the model uses as many cores as it may by itself.
        self._pool = ThreadPoolExecutor(1, "classifier")
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._load)
            yield
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def score(self, text: str) -> float:
        """Return the probability of the most suspicious window of a text.

        Raises `Unavailable` if that takes longer than the deadline.
        """
        loop = asyncio.get_running_loop()
        worst = 0.0
        try:
            async with asyncio.timeout(self._settings.deadline):
                for piece in slices(text, PIECE):
                    windows = await loop.run_in_executor(self._pool, self._windows, piece)
                    for window in windows:
                        worst = max(
                            worst, await loop.run_in_executor(self._pool, self._judge, window)
                        )
        except TimeoutError:
            raise Unavailable(
                "the injection classifier took too long: try again, or send a shorter text",
                retry_after=1,
            ) from None
        return worst

    def _load(self) -> None:
        settings = self._settings
        try:
            runtime: Any = import_module("onnxruntime")
            tokenizers: Any = import_module("tokenizers")
            self._numpy = import_module("numpy")
        except ImportError as error:
            raise SettingsError(f"classifier: {error.name} is not installed: {INSTALL}") from None
        options = runtime.SessionOptions()
        options.intra_op_num_threads = settings.threads
        options.inter_op_num_threads = 1
        try:
            self._session = runtime.InferenceSession(
                str(settings.model), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = tokenizers.Tokenizer.from_file(str(settings.tokenizer))
        except Exception as error:
            raise SettingsError(f"classifier: the model can't be read: {error}") from None
        self._inputs = tuple(each.name for each in self._session.get_inputs())
        if not set(self._inputs) <= _INPUTS:
            raise SettingsError(
                f"classifier.model: its inputs are {', '.join(self._inputs)}; "
                f"known are {', '.join(sorted(_INPUTS))}"
            )
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(settings.max_tokens, stride=settings.max_tokens // 4)
        classes = self._logits(self._tokenizer.encode("hello")).shape[-1]
        if settings.label >= max(classes, 2):
            raise SettingsError(f"classifier.label: the model has {classes} classes, from 0")

    def _windows(self, text: str) -> list[Any]:
        encoding = self._tokenizer.encode(text)
        return [encoding, *encoding.overflowing]

    def _logits(self, window: Any) -> Any:
        values = {
            "input_ids": window.ids,
            "attention_mask": window.attention_mask,
            "token_type_ids": window.type_ids,
        }
        feed = {
            name: self._numpy.array([values[name]], dtype=self._numpy.int64)
            for name in self._inputs
        }
        return self._session.run(None, feed)[0][0]

    def _judge(self, window: Any) -> float:
        """Return the probability by softmax, or by the logistic function of a single output."""
        logits = self._logits(window).astype("float64")
        if len(logits) == 1:
            probability = 1 / (1 + self._numpy.exp(-logits[0]))
            return float(probability if self._settings.label else 1 - probability)
        powers = self._numpy.exp(logits - logits.max())
        return float((powers / powers.sum())[self._settings.label])
