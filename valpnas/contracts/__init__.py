"""Contracts: what each kind of plug-in promises, and the data that passes between the parts."""
