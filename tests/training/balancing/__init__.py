"""Tests of loss balancing: each scheme against what is known of it, and all of them in training."""
