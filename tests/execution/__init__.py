"""Tests of execution: where jobs run must not matter, and what is lost on the way is done again or told."""
