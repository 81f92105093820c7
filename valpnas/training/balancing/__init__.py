"""Loss balancing, by name: how much each output of an optimiser group weighs in what its optimiser follows."""

from valpnas.contracts.entry import Entry

BALANCERS = (
    Entry("sum", "every output weighs 1 (the VALP paper)", "valpnas.training.balancing.fixed:Sum"),
    Entry("fixed", "the weights in [loss_weights] of the run file", "valpnas.training.balancing.fixed:Fixed"),
    Entry(
        "uncertainty",
        "learned log-variances (Kendall, Gal and Cipolla 2018)",
        "valpnas.training.balancing.uncertainty:Uncertainty",
    ),
    Entry(
        "gradnorm",
        "gradients of equal size on what outputs share (Chen et al. 2018)",
        "valpnas.training.balancing.gradnorm:GradNorm",
    ),
)
