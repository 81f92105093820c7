"""Experiments: many runs, planned, carried out by worker processes and compared."""
