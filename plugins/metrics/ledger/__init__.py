"""A row in the database for each call: what it took of models, and who pays for it."""
