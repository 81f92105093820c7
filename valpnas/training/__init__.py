"""Training: data on the device, losses and scores, the engine, evaluation, and the view diagnostics look through."""
