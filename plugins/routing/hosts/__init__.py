"""Several Ollamas: who is well, who is next, who rests."""
