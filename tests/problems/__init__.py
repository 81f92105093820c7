"""Tests of valpnas.problems: the shipped data sets."""
