"""Reports of searches of cells."""
