"""Operators inside one sub-network ([VALP] section V-A)."""
