"""Kinds of sub-network, and the torch module a VALP becomes."""

from valpnas.contracts.entry import Entry

NETWORK_KINDS = (
    Entry("dense", "fully connected layers with residual and parallel branches", "valpnas.networks.dense:DenseKind"),
    Entry("cell", "copies of one cell of convolutions, pools or recurrences", "valpnas.networks.cell:CellKind"),
    Entry("decoder", "a latent distribution followed by dense layers", "valpnas.networks.decoder:DecoderKind"),
)
