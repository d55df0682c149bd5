"""What may go in and what may come out. All fail closed."""

MEMBERS = {"input": "plugins.guardrails.input:InputLimits"}
