"""The rules of the house, each held by a test and each shown to catch a planted violation."""
