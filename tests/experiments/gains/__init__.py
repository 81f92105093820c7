"""Tests of the initial experiment."""
