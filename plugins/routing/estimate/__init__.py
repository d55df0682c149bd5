"""How long an answer takes and what it costs, before it is asked for."""
