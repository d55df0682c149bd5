"""What the OpenAPI document says of plugins' routes."""

from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath
from msgspec import Struct

from core.api import plugin_schema
from core.api.schema import MEANINGS, document


class Thing(Struct):
    """A body."""

    size: int


@get("/admin/things/{name:str}", opt={"scope": "admin:things"})
async def show(name: FromPath[str]) -> None:
    """Show a thing."""


@post("/admin/things", opt={"scope": "admin:things", "body": Thing}, summary="Make a thing")
async def make() -> None:
    """Make one."""


@get("/me", opt={"authenticated": True})
async def me() -> None:
    """Say who I am."""


@get("/open", opt={"public": True})
async def open_to_all() -> None:
    """Say hello."""


ROUTERS = [Router(path="/", route_handlers=[show, make, me, open_to_all])]


def _paths() -> dict[str, Any]:
    whole: dict[str, Any] = document([], ROUTERS)
    return dict(whole["paths"])


def test_routes_say_which_scope_they_need() -> None:
    """A route with a scope names it, asks for a key, and can be refused."""
    operation = _paths()["/admin/things/{name}"]["get"]
    assert operation["description"] == "Needs the scope `admin:things`. Show a thing."
    assert operation["security"] == [{"key": []}, {}]
    assert operation["responses"]["403"]["description"] == MEANINGS[403]
    assert "401" in operation["responses"]


def test_routes_for_every_known_caller_name_no_scope() -> None:
    """A route for all who are known asks for a key only, and one for everybody for nothing."""
    paths = _paths()
    assert "scope" not in paths["/me"]["get"]["description"]
    assert "401" in paths["/me"]["get"]["responses"]
    assert "401" not in paths["/open"]["get"]["responses"]
    assert "security" not in paths["/open"]["get"]


def test_bodies_are_described_by_their_structs() -> None:
    """The Struct that a route names is the schema of its body."""
    whole = document([], ROUTERS)
    content = whole["paths"]["/admin/things"]["post"]["requestBody"]["content"]
    reference = content["application/json"]["schema"]["$ref"]
    schema = whole["components"]["schemas"][reference.rpartition("/")[2]]
    assert (schema["required"], list(schema["properties"])) == (["size"], ["size"])
    assert plugin_schema.bodies(ROUTERS) == [Thing]
    assert msgspec.json.encode(whole)
