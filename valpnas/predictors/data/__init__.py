"""Data: the committed table of gains and what was calibrated on it; their first lines say where they come from."""
