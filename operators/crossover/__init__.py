"""Operators on two models: one is the host of a part that the other donates ([VALP] section V-D)."""
