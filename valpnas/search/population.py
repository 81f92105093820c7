"""A search with a population: in each generation as many children as members, then those survive who are good.

A child is a member changed as the chooser wants - by an operator, or by a part that another member donates - with
every weight that survives, and trained for ``batches_per_step``. Where the chooser wants no change, it is the member
trained further. Members that survive keep their weights and are not trained in between: what they were judged by stays
true, and every batch is that of a candidate.

A search that does not wait (``ask_more``) asks for a child as soon as there is room: it competes alone, with the
members there are when it comes back, and as many children as members are counted as a generation.

Nothing is trained twice: what has the graph and the initial weights of an earlier job is not asked for, and the chooser
has to think of something else. When no member can be changed or trained further, the search has ended.

Source: [VALP] sections IV-A, IV-D and V-D say what a population is for; how long its members train is left open there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from deap.base import Toolbox

from valpnas.contracts.chooser import Chooser
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.contracts.operator import Operator, vary
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.search import Search, Workbench
from valpnas.graph.valp import OutputTraining
from valpnas.search.generation import Generation, job
from valpnas.search.population_state import PopulationState, told
from valpnas.search.starts import RandomStart, Start, check_starts, fresh_start
from valpnas.search.survival import RankAndCrowding, ReferenceDirections, Survival, tournament
from valpnas.search.termination import Termination
from valpnas.search.training_plan import TrainingPlan


@dataclass(frozen=True)
class PopulationSearch(Search[PopulationState]):
    """``population`` starts, then ``generations`` of as many children; see the module."""

    chooser: Chooser
    starts: Sequence[Start] = (RandomStart(),)
    population: int = 16
    generations: int = 20
    initial_batches: int = 500
    batches_per_step: int = 200
    batch_size: int = 100
    training: OutputTraining = field(default_factory=OutputTraining)
    protocol: Protocol = field(default_factory=Protocol)
    termination: Termination = field(default_factory=Termination)
    seed: int = 0
    survival: ClassVar[Survival]
    budget: ClassVar[str] = "generations"
    asynchronous: ClassVar[bool] = True

    def begin(self) -> PopulationState:
        """Return the state before the starts."""
        return PopulationState()

    def ask(self, state: PopulationState, bench: Workbench) -> Sequence[Job]:
        """Return the starts, or the next generation; nothing when the search has ended."""
        return self.ask_more(state, bench, (), self.population - state.children % self.population)

    def ask_more(self, state: PopulationState, bench: Workbench, out: Sequence[JobRecord], room: int) -> Sequence[Job]:
        """Return up to ``room`` starts or children; none to wait for those ``out``, or to end."""
        first = max([state.candidates, *(record.candidate + 1 for record in out)])
        starts = sum(record.origin == "start" for record in out)
        if state.starts + starts < self.population or not (state.members or out):
            wanted = self.population - starts - state.starts % self.population
            return self._starts(state, bench, first, min(room, wanted))
        if not state.members or self.termination.due(state, bench):
            return []
        begun = state.children + len(out) - starts
        numbers = range(begun, min(begun + room, self.population * self.generations))
        protocols = (self.plan().turn(number // self.population) for number in numbers)
        return Generation(self.chooser, self.toolbox(bench.operators), state, bench, out).jobs(first, protocols)

    def tell(self, state: PopulationState, results: Sequence[Result]) -> PopulationState:
        """Let members and those told compete."""
        return told(state, results, self.survival, self.population, self.seed, self.termination.stagnation + 1)

    def verdicts(self, state: PopulationState) -> Sequence[tuple[int, str]]:
        """Return who of the candidates told last survived."""
        return state.verdicts

    def keep(self, state: PopulationState) -> frozenset[int]:
        """Keep the members, who may become parents, and the front."""
        return frozenset(member.candidate for member in (*state.members, *state.archive))

    def front(self, state: PopulationState) -> Sequence[int]:
        """Return the archive's candidates."""
        return [member.candidate for member in state.archive]

    def progress(self, state: PopulationState) -> tuple[int, int]:
        """Return generations done and generations to do."""
        return state.generation, self.generations

    def candidates(self, state: PopulationState) -> tuple[int, int]:
        """Return the starts and children told, and how many there will be; starts are repeated when all fail."""
        starts = max(state.starts, self.population)
        return state.starts + state.children, starts + self.population * self.generations

    def toolbox(self, operators: Mapping[str, Operator]) -> Toolbox:
        """Return what a generation is made with, for a search of one's own to register something else.

        ``select`` returns the index of a parent among objectives, and each of ``operators``, by its name, a changed
        model; all draw from the generator that is their last argument. Who survives is no tool of a generation: reports
        tell it again from the class alone, by ``survival``.
        """
        toolbox = Toolbox()
        toolbox.register("select", tournament, survival=self.survival)
        for name, operator in operators.items():
            toolbox.register(name, vary, operator)
        return toolbox

    def plan(self) -> TrainingPlan:
        """Return how starts and children are trained."""
        # Children are changed in the final decay too: nothing is trained twice, so a generation of members trained
        # further would run out of members, and nobody could replace one whose training further did not survive.
        return TrainingPlan(self.generations, self.initial_batches, self.batches_per_step, self.protocol)

    def _starts(self, state: PopulationState, bench: Workbench, first: int, count: int) -> list[Job]:
        """Return so many starts: a whole population of them, and again when not one of them could be trained."""
        if not state.members:
            check_starts(state.starts, state.failure)
        numbers = range(first, first + count)
        made = [fresh_start(self.starts, bench, self.training, self.batch_size, number) for number in numbers]
        protocol = self.plan().start()
        return [job(number, "start", model, protocol) for number, model in zip(numbers, made, strict=True)]


class Nsga2(PopulationSearch):
    """Survival by rank and crowding: for up to three objectives."""

    name: ClassVar[str] = "nsga2"
    survival: ClassVar[Survival] = RankAndCrowding()


class Nsga3(PopulationSearch):
    """Survival by rank and reference directions: for more than three objectives, where crowding says little."""

    name: ClassVar[str] = "nsga3"
    survival: ClassVar[Survival] = ReferenceDirections()
