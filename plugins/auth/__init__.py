"""Who may call, how fast, and how much. All fail closed."""

MEMBERS = {
    "headers": "plugins.auth.headers:Headers",
    "limits": "plugins.auth.limits.plugin:RateLimits",
    "static": "plugins.auth.static:StaticKeys",
    "keys": "plugins.auth.keys.plugin:Keys",
    "tokens": "plugins.auth.tokens.plugin:Tokens",
    "budgets": "plugins.auth.budgets.plugin:Budgets",
}
