"""Execution: where jobs are run."""
