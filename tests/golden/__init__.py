"""Golden runs: what each search and chooser did on one platform, kept so that a change of behaviour is seen."""
