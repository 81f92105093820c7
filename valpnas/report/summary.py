"""The summary of a run: budgets used, front with validation and test objectives, hypervolume, seconds by account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from valpnas.config import read_begun_run_file
from valpnas.report.generations import generations
from valpnas.report.rounds import rounds
from valpnas.report.timing import exclusive, notes_on_seconds
from valpnas.search.kinds import search_class
from valpnas.search.pareto import front, hypervolume
from valpnas.store.journal import Event
from valpnas.store.problems import read_problem
from valpnas.store.range_tests import read_range_test
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import read_test_objectives, read_test_reported

ACCOUNTS = ("training", "evaluation", "diagnostics", "other")


def summarise(run: RunDirectory) -> dict[str, Any]:
    """Return the run's figures as plain data; the shape of ``valpnas show --json``.

    ``accepted`` counts changes that replaced the model they were made from; ``evaluations`` every trained
    candidate, rejected ones included; ``batches`` all their batches, and those of a range test.
    ``hypervolume`` is that of the front's validation objectives, in [0, 1]. ``start`` is the first candidate that
    could be trained, ``start_candidate`` its number; ``starts`` counts the trained ones that were made from no other.
    ``further`` names the objectives that are no outputs'.
    ``unit`` says what ``steps`` counts: steps, or generations of a population, of which ``generations`` has a row each.
    ``rounds`` has one for each round of a search of cells. ``exclusive`` says whether candidates were trained one at a
    time, so that the seconds of each are its own.
    """
    journal, config = run.journal, read_begun_run_file(run.path)
    # By candidate: jobs that ran at the same time are journalled as they were done.
    trained = [event for _, event in sorted({event["candidate"]: event for event in journal.of("trained")}.items())]
    problem = read_problem(run.path)
    chosen = [trained[i] for i in front([event["objectives"] for event in trained])]
    range_test = read_range_test(run.path)
    test, test_reported = read_test_objectives(run.path), read_test_reported(run.path)
    unit = search_class(config.search).budget
    changes = {event["candidate"] for event in journal.of("proposed") if event["origin"] == "change"}
    starts = {event["candidate"] for event in journal.of("proposed") if event["origin"] == "start"}
    return {
        "run": str(run.path),
        "problem": problem["name"],
        "notes": [
            *problem.get("notes", []),
            *([range_test["note"]] if range_test else []),
            *notes_on_seconds(config, journal.events),
        ],
        "search": config.search,
        "chooser": config.chooser,
        "engine": config.engine,
        "seed": config.seed,
        "steps": max((e["step"] for e in journal.of("accepted") + journal.of("rejected")), default=0),
        "steps_planned": config.planned(unit),
        "unit": unit,
        "ended": _ended(journal.events),
        "accepted": sum(event["candidate"] in changes for event in journal.of("accepted")),
        "failed": len(journal.of("failed")),
        "evaluations": len(trained),
        "batches": sum(event["batches"] for event in [*trained, *journal.of("failed"), *journal.of("range-test")]),
        "exclusive": exclusive(config, journal.events),
        "seconds": {name: _seconds(journal.events, name) for name in ACCOUNTS},
        "further": list(config.objectives),
        "starts": sum(event["candidate"] in starts for event in trained),
        "start_candidate": trained[0]["candidate"] if trained else None,
        "start": trained[0]["objectives"] if trained else {},
        "start_test": test.get(trained[0]["candidate"]) if trained else None,
        "front": [{**_member(event, test), "test_reported": test_reported.get(event["candidate"])} for event in chosen],
        "hypervolume": hypervolume([e["objectives"] for e in chosen], problem["reference"], problem["ideal"])
        if chosen
        else 0.0,
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


def _ended(events: Sequence[Event]) -> bool:
    return bool(events) and events[-1]["event"] == "ended"


def _seconds(events: Sequence[Event], account: str) -> float:
    return round(float(sum(event.get("seconds", {}).get(account, 0.0) for event in events)), 3)


def _member(event: Event, test: dict[int, dict[str, float]]) -> dict[str, Any]:
    return {
        "candidate": event["candidate"],
        "validation": event["objectives"],
        "test": test.get(event["candidate"]),
        "reported": event["reported"],
        "parameters": event["parameters"],
    }
