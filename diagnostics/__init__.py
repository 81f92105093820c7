"""Diagnostics: one file per thing that can be looked at in a trained model."""

from valpnas.contracts.entry import Entry

DIAGNOSTICS = (
    Entry("loss_slope", "is each output's loss still falling?", "valpnas.diagnostics.loss_slope:LossSlope"),
    Entry(
        "module_intervention",
        "what does each output lose when a sub-network is re-initialised?",
        "valpnas.diagnostics.module_intervention:ModuleIntervention",
    ),
)
