"""Variation operators: the table of every variant, by the name it has in run files, journals and reports."""

from valpnas.contracts.entry import Entry

_MICRO = "valpnas.operators.micro"
_MACRO = "valpnas.operators.macro"
_HYPERPARAMETERS = "valpnas.operators.hyperparameters"
_CROSSOVER = "valpnas.operators.crossover"


def _entry(name: str, summary: str, target: str) -> Entry:
    """Make an entry whose options say which variant it is: the part of ``name`` behind the slash, if any."""
    _, _, variant = name.partition("/")
    return Entry(name, summary, target, {"name": name, "aggressiveness": variant} if variant else {"name": name})


OPERATORS: tuple[Entry, ...] = (
    _entry("add_layer/gentle", "add a layer that passes its input on", f"{_MICRO}.add_layer:AddLayer"),
    _entry("add_layer/aggressive", "add a random layer", f"{_MICRO}.add_layer:AddLayer"),
    _entry("remove_layer", "remove a hidden layer or a branch", f"{_MICRO}.remove_layer:RemoveLayer"),
    _entry(
        "extend_layer/gentle", "widen a layer by units that share others' work", f"{_MICRO}.extend_layer:ExtendLayer"
    ),
    _entry("extend_layer/aggressive", "widen a layer by random units", f"{_MICRO}.extend_layer:ExtendLayer"),
    _entry("add_block/gentle", "add a block to a cell that is not heard yet", f"{_MICRO}.add_block:AddBlock"),
    _entry("add_block/aggressive", "add a random block to a cell", f"{_MICRO}.add_block:AddBlock"),
    _entry(
        "change_operation/aggressive",
        "put another operation into a block of a cell",
        f"{_MICRO}.change_operation:ChangeOperation",
    ),
    _entry(
        "fit_prior",
        "draw samples of a decoder from what its latents are",
        f"{_MICRO}.fit_prior:FitPrior",
    ),
    _entry("swap_kind/aggressive", "put a network of another kind in the place of one", f"{_MICRO}.swap_kind:SwapKind"),
    _entry("add_connection/gentle", "add an arc that is not heard yet", f"{_MACRO}.add_connection:AddConnection"),
    _entry("add_connection/aggressive", "add an arc with random weights", f"{_MACRO}.add_connection:AddConnection"),
    _entry("delete_connection", "remove an arc", f"{_MACRO}.delete_connection:DeleteConnection"),
    _entry("insert_network/gentle", "put a pass-through network on an arc", f"{_MACRO}.insert_network:InsertNetwork"),
    _entry("insert_network/aggressive", "put a random network on an arc", f"{_MACRO}.insert_network:InsertNetwork"),
    _entry("delete_network", "remove a sub-network, linking its neighbours", f"{_MACRO}.delete_network:DeleteNetwork"),
    _entry("clone_network/gentle", "copy a sub-network, sharing its work", f"{_MACRO}.clone_network:CloneNetwork"),
    _entry("clone_network/aggressive", "add a newborn twin of a sub-network", f"{_MACRO}.clone_network:CloneNetwork"),
    _entry("change_lr", "halve or double an output's learning rate", f"{_HYPERPARAMETERS}.change_lr:ChangeLr"),
    _entry("rest_output", "train an output at the lowest rate", f"{_HYPERPARAMETERS}.rest_output:RestOutput"),
    _entry("change_sgd", "train an output by another algorithm", f"{_HYPERPARAMETERS}.change_sgd:ChangeSgd"),
    _entry("change_bs", "halve or double the batch size", f"{_HYPERPARAMETERS}.change_bs:ChangeBs"),
    _entry(
        "donate_exclusive_subgraph",
        "take over what another model has for one output alone",
        f"{_CROSSOVER}.donate_exclusive_subgraph:DonateExclusiveSubgraph",
    ),
    _entry(
        "take_back", "take back what an earlier model had for one output, and rest", f"{_CROSSOVER}.take_back:TakeBack"
    ),
)
