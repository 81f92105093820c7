"""Diagnostics: one file per thing that can be looked at in a trained model."""

from valpnas.contracts.entry import Entry

DIAGNOSTICS = (
    Entry(
        "dependency",
        "can an output be read better from a sub-network than from what feeds it?",
        "valpnas.diagnostics.dependency:Dependency",
    ),
    Entry(
        "generalisation_gap",
        "does each output do as well on rows it was not trained on?",
        "valpnas.diagnostics.generalisation_gap:GeneralisationGap",
    ),
    Entry(
        "input_intervention",
        "what does each output lose when inputs, or parts of them, change places?",
        "valpnas.diagnostics.input_intervention:InputIntervention",
    ),
    Entry(
        "latent_prior",
        "do a decoder's latents lie where its samples are drawn from?",
        "valpnas.diagnostics.latent_prior:LatentPrior",
    ),
    Entry("loss_slope", "is each output's loss still falling?", "valpnas.diagnostics.loss_slope:LossSlope"),
    Entry(
        "module_intervention",
        "what does each output lose when a sub-network is re-initialised?",
        "valpnas.diagnostics.module_intervention:ModuleIntervention",
    ),
    Entry(
        "relative_performance",
        "in which outputs is the model better or worse than its peers?",
        "valpnas.diagnostics.relative_performance:RelativePerformance",
    ),
)
