"""Cells: the search space of POPNAS - blocks of two operations joined into a cell, and what follows from their text."""
