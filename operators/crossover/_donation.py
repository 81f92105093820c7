"""What a donation replaces, and who feeds it in its new place; decided on the graphs alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from valpnas.catalog import network_kind
from valpnas.graph.subgraphs import behind_decoders, exclusive_subgraph, sampling_zone, served_outputs
from valpnas.graph.tasks import Generation
from valpnas.graph.valp import Valp
from valpnas.operators.macro._legality import hears


@dataclass(frozen=True)
class Donation:
    """Sub-networks for one output on their way from a donor to a host.

    ``removed``: the host's sub-networks that go. ``donated``: the donor's that come, each after its sources.
    ``heirs``: by component of the donor that feeds the donated part and stays behind, what stands for it in the host,
    of equal shape. ``adapted``: arcs from a component of the host to a donated network or the output, in the place of
    arcs from what has no heir.
    """

    removed: tuple[str, ...]
    donated: tuple[str, ...]
    heirs: Mapping[str, str]
    adapted: tuple[tuple[str, str], ...]


def plan_donation(host: Valp, donor: Valp, output: str, given: frozenset[str]) -> Donation | None:
    """Return how ``donor`` gives its networks ``given`` for ``output``; None when there are none, or nobody feeds them.

    What is exclusive to the output in the host goes. Whatever hears one of ``given`` and leads to the output has to be
    among them, or hear it through a decoder that is.
    """
    if not given:
        return None
    gone = exclusive_subgraph(host, output)
    kept = [network for network in host.order if network not in gone]
    feeding = [arc for arc in donor.arcs if arc.target in given or arc.target == output]
    staying = sorted({arc.source for arc in feeding} & (set(donor.specs) - given))
    heirs = {vertex.name: vertex.name for vertex in donor.inputs} | _matched(host, donor, kept, staying)
    known = heirs.keys() | given
    fed = {arc.target for arc in feeding if arc.source in known}
    adapted: list[tuple[str, str]] = []
    for arc in feeding:
        if arc.source not in known:
            taken = {heirs.get(a.source) for a in feeding if a.target == arc.target}
            taken |= {source for source, target in adapted if target == arc.target}
            new = _adapter(host, donor, kept, arc.target, taken, needed=arc.target not in fed)
            if new is not None:
                adapted.append((new, arc.target))
    receivers = {arc.target for arc in feeding}
    if receivers - fed - {target for _, target in adapted} or not _taken(host, donor, given, known, adapted):
        return None
    donated = tuple(network for network in donor.order if network in given)
    return Donation(tuple(sorted(gone)), donated, heirs, tuple(adapted))


def _taken(
    host: Valp, donor: Valp, given: frozenset[str], known: AbstractSet[str], adapted: Sequence[tuple[str, str]]
) -> bool:
    """Say whether every donated network takes the sources that it gets: some take nothing but what they had."""
    for network in given:
        kept = [donor.shape(source) for source in donor.sources(network) if source in known]
        new = [host.shape(source) for source, target in adapted if target == network]
        if not donor.specs[network].takes([*kept, *new]):
            return False
    return True


def hearers(valp: Valp, source: str, among: Sequence[str]) -> list[str]:
    """Return those of ``among`` that may hear ``source`` and do not yet: its shape fits, and no rule forbids it."""
    return [
        target
        for target in among
        if (source, target) not in valp.arc_map
        and hears(valp, target, valp.shape(source))
        and (behind_decoders(valp, source) or not _shielded(valp, target))
    ]


def _matched(host: Valp, donor: Valp, kept: Sequence[str], staying: Sequence[str]) -> dict[str, str]:
    """Give each of ``staying`` a network of the host of its own, of equal shape, the most alike first.

    What is behind decoders is matched by what is behind decoders, so that it may be heard wherever the other was.
    """
    pairs = [
        (-_likeness(host, heir, donor, network), network, heir)
        for network in staying
        for heir in kept
        if host.shape(heir) == donor.shape(network)
        and (behind_decoders(host, heir) or not behind_decoders(donor, network))
    ]
    found: dict[str, str] = {}
    for _, network, heir in sorted(pairs):
        if network not in found and heir not in found.values():
            found[network] = heir
    return found


def _likeness(host: Valp, heir: str, donor: Valp, network: str) -> float:
    """Say how alike two networks are: relatives have kept id and spec, others may serve the same outputs."""
    related = heir == network and host.specs[heir] == donor.specs[network]
    one, other = set(served_outputs(host, heir)), set(served_outputs(donor, network))
    return 2.0 * related + len(one & other) / len(one | other)


def _adapter(
    host: Valp, donor: Valp, kept: Sequence[str], target: str, taken: set[str | None], needed: bool
) -> str | None:
    """Return what ``target`` may hear in the place of a source without an heir; an input only if it hears no other."""
    for source in [*kept, *(vertex.name for vertex in host.inputs if needed)]:
        fits = _accepts(donor, target, host.shape(source))
        if source not in taken and fits and (behind_decoders(host, source) or not _shielded(donor, target)):
            return source
    return None


def _accepts(valp: Valp, target: str, shape: tuple[int, ...]) -> bool:
    return target in valp.tasks or network_kind(valp.specs[target].kind).accepts(shape)


def _shielded(valp: Valp, target: str) -> bool:
    """Say whether a generation output hears ``target`` without a decoder in between: no input may reach it then."""
    generated = [name for name, task in valp.tasks.items() if isinstance(task, Generation)]
    return any(target == name or target in sampling_zone(valp, name) for name in generated)
