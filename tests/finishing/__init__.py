"""Tests of what comes after a search of cells."""
