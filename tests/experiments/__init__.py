"""Tests of experiments: almost all of them on fabricated runs, for what is compared does not matter to comparing."""
