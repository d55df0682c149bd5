"""Which model answers. All fail closed."""

MEMBERS = {
    "aliases": "plugins.routing.aliases:Aliases",
    "fallback": "plugins.routing.fallback:Fallback",
}
