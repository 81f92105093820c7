"""Tests of training: data, losses and scores, the engine, evaluation, and the view diagnostics look through."""
