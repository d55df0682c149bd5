"""The data that guardrails are measured with: written by us, or made by seeded code."""
