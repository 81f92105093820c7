"""Choosers: which change of the current model to try next."""
