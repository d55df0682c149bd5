"""Who may call: authentication, and later limits and budgets. All fail closed."""

MEMBERS = {"static": "plugins.auth.static:StaticKeys"}
