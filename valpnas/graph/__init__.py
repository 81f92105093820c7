"""The VALP as plain data: vertices, arcs, tasks, validity, sub-graphs, canonical hash, JSON."""
