"""Tests of valpnas.contracts: problems, data files, inheritance."""
