"""What was used and what it cost, from the rows that the ledger writes."""
