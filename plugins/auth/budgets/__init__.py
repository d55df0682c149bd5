"""How much callers may take in each hour, day or month, and the booking of what they took."""
