"""Operators on how a model is trained ([VALP] section V-C)."""
