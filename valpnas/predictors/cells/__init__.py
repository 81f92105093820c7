"""Predictors of cells, by name: of the score that a cell reaches, and of what it costs."""

from valpnas.contracts.entry import Entry

SCORE_PREDICTORS = (
    Entry(
        "lstm",
        "five LSTMs with self-attention, each fitted to four fifths of the cells (POPNASv2 and v3)",
        "valpnas.predictors.cells.lstm:Lstm",
    ),
    Entry(
        "lstm-plain",
        "one LSTM without attention, in one direction (in the manner of PNAS and POPNAS)",
        "valpnas.predictors.cells.lstm:PlainLstm",
    ),
)

COST_PREDICTORS = (
    Entry("nnls", "a linear model with no weight below 0 (POPNAS)", "valpnas.predictors.cells.linear:Nnls"),
    Entry("ridge", "a linear model with shrunken weights", "valpnas.predictors.cells.linear:RidgeRegression"),
    Entry(
        "gradient-boosting",
        "boosted trees of scikit-learn, settings found by random search",
        "valpnas.predictors.cells.boosting:GradientBoosting",
    ),
    Entry(
        "catboost",
        "boosted trees of CatBoost, settings found by random search (POPNASv2 and v3; valpnas[catboost])",
        "valpnas.predictors.cells.catboost:CatBoost",
    ),
)
