"""Tests of the store: what a run directory keeps, whatever happens to the process that writes it."""
