"""Output subgraphs and exclusive subgraphs of a VALP ([VALP] section III, Figure 2)."""

from __future__ import annotations

from valpnas.graph.tasks import Generation
from valpnas.graph.valp import Valp


def output_subgraph(valp: Valp, output: str) -> frozenset[str]:
    """Return every component that, upon modification, alters the prediction of ``output`` (inputs included)."""
    return valp.ancestors(output)


def exclusive_subgraph(valp: Valp, output: str) -> frozenset[str]:
    """Return the output's subgraph minus all that serves another output too.

    Inputs belong to nobody: they are data, not something an operator could move to another model.
    """
    others = [valp.ancestors(other.name) for other in valp.outputs if other.name != output]
    return output_subgraph(valp, output) & frozenset(valp.specs) - frozenset().union(*others)


def stands_alone(valp: Valp, output: str) -> bool:
    """Say whether the networks that make its predictions serve it alone; where it is generated, those of its samples.

    Then another model that takes over what is exclusive to it predicts the same. False where no network makes them.
    """
    networks = makers(valp, output)
    return bool(networks) and networks <= exclusive_subgraph(valp, output)


def makers(valp: Valp, output: str) -> frozenset[str]:
    """Return the networks that make an output's predictions; where it is generated, those that make its samples."""
    found = output_subgraph(valp, output)
    if isinstance(valp.tasks[output], Generation):
        found = sampling_zone(valp, output) | {*last_decoders(valp, output)}
    return found & frozenset(valp.specs)


def recomputed_share(valp: Valp, component: str) -> float:
    """Return the share of a forward pass that it takes to compute ``component`` and all it can alter, in (0, 1].

    Counted in sub-networks and outputs, not in multiply-adds: on small networks the number of calls decides.
    """
    below = len(valp.descendants(component)) + (component in valp.specs)
    return below / (len(valp.networks) + len(valp.outputs))


def served_outputs(valp: Valp, component: str) -> tuple[str, ...]:
    """Return the outputs that ``component`` can alter, sorted by name."""
    reached = valp.descendants(component)
    return tuple(output.name for output in valp.outputs if output.name in reached)


def altered_outputs(valp: Valp, component: str) -> tuple[str, ...]:
    """Return the outputs that a change of ``component`` alters: itself, where it is one, or those that it serves."""
    return (component,) if component in valp.tasks else served_outputs(valp, component)


def sampling_zone(valp: Valp, output: str) -> frozenset[str]:
    """Return what lies between ``output`` and the nearest decoders: the decoder-free ancestors.

    A generation output is drawn from latents alone exactly when no input is in its zone.
    """
    zone: set[str] = set()
    frontier = list(valp.sources(output))
    while frontier:
        component = frontier.pop()
        if component in zone or _decodes(valp, component):
            continue
        zone.add(component)
        frontier.extend(valp.sources(component))
    return frozenset(zone)


def behind_decoders(valp: Valp, component: str) -> bool:
    """Say whether every path from an input to ``component`` passes a decoder, which may be ``component`` itself.

    Only such components may be heard by a generation output.
    """
    if component not in valp.specs:
        return False
    inputs = {vertex.name for vertex in valp.inputs}
    return _decodes(valp, component) or not sampling_zone(valp, component) & inputs


def last_decoders(valp: Valp, output: str) -> tuple[str, ...]:
    """Return the decoders that feed ``output`` with no other decoder in between, sorted.

    In a chain of decoders only the last latent matters to a sample, so only these enter the KL term.
    """
    reached = sampling_zone(valp, output) | {output}
    return tuple(sorted({s for target in reached for s in valp.sources(target) if _decodes(valp, s)}))


def sample_decoders(valp: Valp) -> dict[str, tuple[str, ...]]:
    """Return the decoders whose latents samples are drawn from, by generated output; outputs sorted."""
    generated = sorted(name for name, task in valp.tasks.items() if isinstance(task, Generation))
    return {output: last_decoders(valp, output) for output in generated}


def _decodes(valp: Valp, component: str) -> bool:
    return component in valp.specs and valp.specs[component].decodes
