"""`localai doctor`: what is set wrong on this machine, and how to mend it."""
