"""markdown: the tables of a committed comparison as Markdown, for docs/results.md.

python benchmarks/markdown.py benchmarks/results/digits-compare.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

from valpnas.experiments.analysis import analyse
from valpnas.experiments.comparison import Options
from valpnas.experiments.duel import last_of_each_kind
from valpnas.experiments.notes import notes
from valpnas.experiments.record import Record
from valpnas.experiments.tables import Table, choice_table, tables_at


def markdown(table: Table) -> str:
    """Return a table in Markdown, under its title."""
    rows = [table.columns, ["---"] * len(table.columns), *table.rows]
    return "\n".join([f"**{table.title}**", "", *(f"| {' | '.join(map(str, row))} |" for row in rows), ""])


def main() -> None:
    """Print tuning if any, the arms and the comparisons on test rows at the last checkpoint of each kind, and notes."""
    parser = argparse.ArgumentParser(description="Print the tables of a comparison as Markdown.")
    parser.add_argument("record", type=Path, help="the CSV file of a comparison")
    asked = parser.parse_args()
    record = Record.read(asked.record)
    blocks = analyse(record, Options(against=record.settings["against"]))
    if record.choices:
        print(markdown(choice_table(record.choices)))
    for block in last_of_each_kind(blocks):
        for table in tables_at(block.on("test")):
            print(markdown(table))
    print("\n".join(f"* {note}" for note in notes(record, blocks)))


if __name__ == "__main__":
    main()
