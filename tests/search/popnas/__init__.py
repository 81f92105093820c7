"""Searches of cells."""
