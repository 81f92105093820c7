"""The paper's initial experiment ([VALP] VI-B): what every operator gains, at every place, beyond further training."""
