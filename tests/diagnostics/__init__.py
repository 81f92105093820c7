"""Tests of the diagnostics: what they find is what was planted."""
