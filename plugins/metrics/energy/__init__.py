"""What answers take in energy, money and CO2."""
