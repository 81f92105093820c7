"""Tests of valpnas.graph: validity, canonical hash, sub-graphs, JSON."""
