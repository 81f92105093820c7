"""Tests of the compiled training phase, most of them against eager PyTorch."""
