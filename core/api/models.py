"""Model names at the door: their grammar, and whether this caller may use them."""

import re

from core.api.exchange import Exchange
from core.errors import Forbidden, InvalidRequest
from core.local import refuse_cloud_name

MAX_NAME = 128

# `types/model/name.go` in Ollama: [host/][namespace/]model[:tag].
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)*(?::[\w.-]+)?", re.ASCII)


def check_model(exchange: Exchange, model: str) -> None:
    """Raise `InvalidRequest` for a bad name, `Forbidden` for a model that is not for the caller."""
    if not model:
        raise InvalidRequest("model is required", param="model")
    if len(model) > MAX_NAME or not _NAME.fullmatch(model):
        raise InvalidRequest("invalid model name", param="model")
    refuse_cloud_name(model)
    if not exchange.principal.may_use(model):
        raise Forbidden(f"your key may not use model '{model}'", param="model")
