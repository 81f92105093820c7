"""Tests of searches: acceptance, choosers, hill climbing, fronts."""
