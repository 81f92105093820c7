"""The tests of valpnas: one folder per folder of the source, and helpers they share."""
