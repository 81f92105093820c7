"""The store: a run is a directory; its journal is the only truth."""
