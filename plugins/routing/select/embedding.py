"""The model of a policy for embeddings: always the same one, as vectors of two never compare."""

from collections.abc import Mapping

from localai import Forbidden, InvalidRequest, ModelNotFound, Principal, full_name
from plugins.routing.catalogue.model import Model
from plugins.routing.select.candidates import embeds
from plugins.routing.select.policy import Policy


class Pins:
    """What was taken once is taken as long as the settings stay."""

    def __init__(self) -> None:
        self._pins: dict[str, str] = {}

    def model(
        self, name: str, policy: Policy, models: Mapping[str, Model], principal: Principal
    ) -> str:
        """Return the model for embeddings; raise where the file must say which one.

        It is the one of the settings, or the only one there is. With two of them another order
        after a restart would mix their vectors, so then it is asked for.
        """
        model = policy.embedding or self._pins.get(name)
        if not model:
            model = self._pins[name] = _only(name, policy, models)
        if not principal.may_use(model):
            raise Forbidden(
                f"'{name}' embeds with '{model}', which your key may not use", param="model"
            )
        return model


def _only(name: str, policy: Policy, models: Mapping[str, Model]) -> str:
    found = sorted(
        model.name
        for model in models.values()
        if embeds(model) and policy.allows(full_name(model.name).lower())
    )
    if not found:
        raise ModelNotFound(
            f"'{name}' has no model for embeddings: ollama pull nomic-embed-text", param="model"
        )
    if len(found) > 1:
        raise InvalidRequest(
            f"several models could embed for '{name}' ({', '.join(found[:4])}), and their vectors "
            f"must not mix: name one, or set policies.{name}.embedding in [plugins.routing.select]",
            param="model",
        )
    return found[0]
