"""Searches, starts, choosers and acceptance rules, by name."""

from valpnas.contracts.entry import Entry

SEARCHES = (
    Entry(
        "hill-climbing",
        "one model, one proposal at a time (Figure 4 of the VALP paper)",
        "valpnas.search.hill_climbing:HillClimbing",
    ),
    Entry("nsga2", "a population; survival by rank and crowding", "valpnas.search.population:Nsga2"),
    Entry(
        "nsga3",
        "a population; survival by rank and reference directions, for more than three objectives",
        "valpnas.search.population:Nsga3",
    ),
    Entry(
        "popnas",
        "cells of one block, then of one more each round: the expected front of score and costs (POPNASv3)",
        "valpnas.search.popnas.progressive:Popnas",
    ),
    Entry(
        "popnas-v2",
        "the same with the exploration of POPNASv2",
        "valpnas.search.popnas.progressive:PopnasV2",
    ),
    Entry(
        "popnas-v1",
        "the same without exploration, seconds by non-negative least squares (POPNAS)",
        "valpnas.search.popnas.progressive:PopnasV1",
    ),
    Entry("pnas", "the same with the best expected scores alone (PNAS)", "valpnas.search.popnas.progressive:Pnas"),
    Entry(
        "cell-evolution",
        "regularised evolution of cells: the oldest of the population dies",
        "valpnas.search.popnas.drawn:Evolution",
    ),
    Entry("cell-random", "cells drawn at random, no two equivalent", "valpnas.search.popnas.drawn:RandomCells"),
)

STARTS = (
    Entry("random", "a random model as in the paper, of whatever size is drawn", "valpnas.search.starts:RandomStart"),
    Entry(
        "random-sized",
        "a random model of about start_parameters weights, widths from 16 to 512",
        "valpnas.search.starts:SizedStart",
    ),
    Entry(
        "wide",
        "a hand-made model, one hidden layer per network",
        "valpnas.search.starts:HandMade",
        {"layers": 1},
    ),
    Entry(
        "deep",
        "a hand-made model, three hidden layers per network",
        "valpnas.search.starts:HandMade",
        {"layers": 3},
    ),
    Entry("single", "the sub-network that [network] describes, alone", "valpnas.search.starts:SingleStart"),
)

CHOOSERS = (
    Entry("guided", "the paper's rules on what diagnostics find", "valpnas.search.choosers.guided:Guided"),
    Entry(
        "guided-calibrated",
        "what gained at places like these in an experiment on other models",
        "valpnas.search.choosers.guided_calibrated:GuidedCalibrated",
    ),
    Entry(
        "bandit",
        "Thompson sampling: what has paid in this run, and what might",
        "valpnas.search.choosers.bandit:Bandit",
    ),
    Entry(
        "learned",
        "the highest expected gain, learnt from an experiment and from this run",
        "valpnas.search.choosers.learned:LearnedChooser",
    ),
    Entry("random", "any operator, then any place", "valpnas.search.choosers.random:Random"),
    Entry("random-gentle", "any gentle operator, then any place", "valpnas.search.choosers.random:RandomGentle"),
    Entry("grow", "any gentle operator that adds, then any place", "valpnas.search.choosers.growing:Grow"),
    Entry(
        "grow-depth",
        "a layer or a sub-network that passes its input on, at any place",
        "valpnas.search.choosers.growing:GrowDepth",
    ),
    Entry(
        "by-gap",
        "gentle additions to outputs that generalise, rest for those past their best",
        "valpnas.search.choosers.by_gap:ByGap",
    ),
    Entry(
        "train-only",
        "no change at all: the same batches, spent on training",
        "valpnas.search.choosers.train_only:TrainOnly",
    ),
)

ACCEPTANCE = (
    Entry("archive", "not dominated by anything found so far", "valpnas.search.acceptance:Archive"),
    Entry("always", "whatever could be trained", "valpnas.search.acceptance:Always"),
    Entry("gentle", "gentle changes always, aggressive ones as archive", "valpnas.search.acceptance:Gentle"),
    Entry("dominates", "no objective worse, one better", "valpnas.search.acceptance:Dominates"),
    Entry(
        "majority", "more than half of the objectives better (the paper's rule)", "valpnas.search.acceptance:Majority"
    ),
)

CELL_BLOCKS = (
    Entry("random", "the operator draws the block", "valpnas.search.popnas.predicted_blocks:random_blocks"),
    Entry(
        "predicted",
        "from a front of predictions, learnt from the cells of the run",
        "valpnas.search.popnas.predicted_blocks:predicted_blocks",
    ),
)

REJECTED = ("discard", "train-parent")
