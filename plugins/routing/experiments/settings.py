"""What an experiment is, as the file has it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

MOST_VARIANTS = 8
"""Of an experiment, and as many shadows."""

Name = Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,32}$")]
Model = Annotated[str, Meta(min_length=1, max_length=128)]
Weight = Annotated[float, Meta(ge=0, le=1e6)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Experiment(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Models that share the requests for one name."""

    model: Model
    """The name that clients ask for: a model, or an alias."""
    variants: Annotated[dict[Model, Weight], Meta(min_length=1, max_length=MOST_VARIANTS)]
    """The models (or aliases) that answer, with their weights; the first is the one to compare
    with."""
    sticky: Literal["user", "principal", "none"] = "user"
    """By what a variant stays the same: the user whom the request names (the header x-user-id, or
    OpenAI's `user`), else its key; its key; or nothing."""
    salt: str = ""
    """Another one deals the users anew; empty takes the experiment's name."""
    shadow: Annotated[dict[Model, Share], Meta(max_length=MOST_VARIANTS)] = {}
    """Models that get a part of the requests too, without their answers being used."""
