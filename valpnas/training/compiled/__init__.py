"""The compiled training phase: a schedule of tensor operations planned once, with gradients by formula."""
