"""What may go in and what may come out. All fail closed, but for the record of what they decide.

The first is outermost: requests pass them from the first to the last, answers the other way.
"""

MEMBERS = {
    "audit": "plugins.guardrails.audit:Audit",
    "input": "plugins.guardrails.input:InputLimits",
    "uploads": "plugins.guardrails.uploads.plugin:Uploads",
    "moderations": "plugins.guardrails.moderations.plugin:Moderations",
    "injection": "plugins.guardrails.injection.plugin:Injection",
    "links": "plugins.guardrails.injection.links:Links",
    "canary": "plugins.guardrails.injection.canary:Canary",
    "pii": "plugins.guardrails.pii.plugin:Pii",
    "stream": "plugins.guardrails.stream.plugin:OutputRules",
    "schema": "plugins.guardrails.schema.plugin:Schema",
}

OPTIONAL = frozenset({"canary", "schema"})
