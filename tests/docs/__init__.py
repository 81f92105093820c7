"""The documentation tells the truth: its code runs, its tables are complete, its links lead somewhere."""
