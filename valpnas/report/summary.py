"""The summary of a run: budgets used, front with validation and test objectives, hypervolume, seconds by account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from valpnas.report.generations import generations
from valpnas.report.rounds import rounds
from valpnas.report.tally import Tally
from valpnas.report.timing import exclusive, notes_on_seconds
from valpnas.run_files import read_begun_run_file
from valpnas.search.kinds import has_chooser, search_class
from valpnas.search.pareto import Bounds
from valpnas.store.journal import Event
from valpnas.store.problems import read_problem
from valpnas.store.range_tests import read_range_test
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import read_test_figures

ACCOUNTS = ("training", "evaluation", "diagnostics", "other")


def summarise(run: RunDirectory) -> dict[str, Any]:
    """Return the run's figures as plain data; the shape of ``valpnas show --json``.

    The journal is read without being held: what is remembered grows with the front and the generations.

    ``accepted`` counts changes that replaced the model they were made from, None in a search that makes no changes;
    ``changes`` has by operator how many were accepted and rejected. ``chooser`` is who chose them, empty where the
    search has none. ``evaluations`` counts every trained candidate, rejected ones included; ``batches`` all their
    batches, and those of a range test.
    ``hypervolume`` is that of the front's validation objectives, in [0, 1]. ``constant`` is what a predictor
    that looks at no input scores on validation rows, the reference of the problem. ``start`` is the start that the
    first change was made from, ``start_candidate`` its number; ``starts`` counts the trained ones that were made from
    no other. ``further`` names the objectives that are no outputs'.
    ``unit`` says what ``steps`` counts: steps, or generations of a population, of which ``generations`` has a row each.
    ``rounds`` has one for each round of a search of cells. ``exclusive`` says whether candidates were trained one at a
    time, so that the seconds of each are its own.
    """
    config, problem = read_begun_run_file(run.path), read_problem(run.path)
    tally = Tally.of(run.journal.standing())
    chosen, first = tally.chosen, tally.first or {}
    range_test = read_range_test(run.path)
    numbers = {event["candidate"] for event in (*chosen, *([first] if first else ()))}
    test = read_test_figures(run.path, numbers)
    unit = search_class(config.search).budget
    return {
        "run": str(run.path),
        "problem": problem["name"],
        "notes": [
            *problem.get("notes", []),
            *([range_test["note"]] if range_test else []),
            *notes_on_seconds(config, tally),
        ],
        "search": config.search,
        "chooser": config.chooser if has_chooser(config.search) else "",
        "engine": config.engine,
        "seed": config.seed,
        "steps": tally.steps,
        "steps_planned": config.planned(unit),
        "unit": unit,
        "ended": tally.ended,
        "accepted": None if search_class(config.search).trains_cells else tally.accepted,
        "changes": tally.changes,
        "failed": tally.failed,
        "evaluations": tally.trained,
        "batches": tally.batches,
        "exclusive": exclusive(config, tally),
        "seconds": {name: round(float(tally.seconds.get(name, 0.0)), 3) for name in ACCOUNTS},
        "further": list(config.objectives),
        "starts": tally.starts,
        "start_candidate": first.get("candidate"),
        "constant": dict(problem["reference"]),
        "start": first.get("objectives", {}),
        "start_test": test.get(first.get("candidate", -1), {}).get("objectives"),
        "front": [_member(event, test.get(event["candidate"], {})) for event in chosen],
        "hypervolume": tally.front.hypervolume(Bounds(problem["reference"], problem["ideal"])),
        "generations": generations(run, config, problem),
        "rounds": rounds(run, config, problem),
    }


def history(run: RunDirectory) -> list[dict[str, Any]]:
    """Return one row per candidate: what it was, why, what came of it - for tables and pictures."""
    rows: dict[int, dict[str, Any]] = {}
    for event in run.journal.events:
        if event["event"] == "proposed":
            proposal = event["proposal"] or event.get("continued") or {}
            row = {
                "origin": event["origin"],
                "variant": proposal.get("variant", ""),
                "reason": proposal.get("reason", "") or event.get("reason", ""),
            }
            rows[event["candidate"]] = {
                "candidate": event["candidate"],
                "parents": event["parents"],
                "verdict": "",
                **row,
            }
        elif event["event"] in {"accepted", "rejected"}:
            rows[event["candidate"]]["verdict"] = event["event"]
        elif event["event"] == "trained":
            rows[event["candidate"]] |= {"objectives": event["objectives"], "parameters": event["parameters"]}
        elif event["event"] == "failed":
            rows[event["candidate"]]["failure"] = event["reason"]
    return list(rows.values())


def _member(event: Event, test: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "candidate": event["candidate"],
        "validation": event["objectives"],
        "test": test.get("objectives"),
        "reported": event["reported"],
        "parameters": event["parameters"],
        "test_reported": test.get("reported"),
    }
