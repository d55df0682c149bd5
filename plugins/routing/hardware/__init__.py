"""The machine: memory, clocks, power, temperature, and what is set wrong."""
