"""What each operator does beyond the promises that all operators share."""
