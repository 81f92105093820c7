"""Tests of valpnas.networks."""
