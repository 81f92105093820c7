"""Operators on the graph: arcs and whole sub-networks ([VALP] section V-B)."""
