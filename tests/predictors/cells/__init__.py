"""Tests of the predictors of cells."""
