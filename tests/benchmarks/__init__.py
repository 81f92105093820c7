"""Tests of the benchmarks: that what they report is so."""
