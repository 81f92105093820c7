"""Training: data on the device, losses, balancing, scores, engines, evaluation, and the view of diagnostics."""

from valpnas.contracts.entry import Entry

ENGINES = (
    Entry(
        "compiled",
        "a schedule planned once per candidate, without autograd",
        "valpnas.training.compiled.engine:CompiledEngine",
    ),
    Entry("plain", "eager PyTorch, the reference", "valpnas.training.engine:PlainEngine"),
)
