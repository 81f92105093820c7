"""Tests of where jobs are run."""
