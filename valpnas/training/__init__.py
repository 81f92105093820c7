"""Training: data on the device, losses, their balancing, scores, the engine, evaluation, and what diagnostics look through."""
