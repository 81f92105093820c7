"""Searches of cells: POPNAS in its versions, PNAS, and what they are compared with, evolution and random search."""
