"""Problems: one file per data set; this table is all that listing them reads."""

from valpnas.contracts.entry import Entry

PROBLEMS: tuple[Entry, ...] = (
    Entry(
        "digits",
        "8x8 hand-written digits: name the digit, count its grey levels, draw new ones; embedded, needs no files",
        "valpnas.problems.digits:digits",
    ),
    Entry(
        "student",
        "Portuguese pupils: three marks and passing, from two tables, the person and the school; 20 kB are fetched",
        "valpnas.problems.student:student",
    ),
)
