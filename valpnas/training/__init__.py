"""Training: data on the device, losses, balancing, scores, the engine, evaluation, and the view of diagnostics."""
