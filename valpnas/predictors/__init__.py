"""Predictors: from what a trained model shows to what a change of it may bring."""
