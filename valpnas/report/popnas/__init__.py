"""What reports tell of a search of cells: rounds, estimates, predictors, use of operations, and the best cells."""
