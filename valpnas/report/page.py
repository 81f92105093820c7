"""The page of a run: one HTML file with its styles, scripts and data inside, which opens without a network."""

from __future__ import annotations

from base64 import b64encode
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from valpnas.report.contents import Contents, for_script
from valpnas.report.drawing import HEIGHT, WIDTH
from valpnas.report.numbers import hypervolume, objective
from valpnas.report.relevance import evidence_in_words
from valpnas.report.terminal import start_name

_SCRIPTS = ("graph.js", "charts.js", "page.js")


def page(shown: Contents) -> str:
    """Return the HTML; every text of the run is escaped, in the markup, in the data and in the charts."""
    from plotly.offline import get_plotlyjs  # it takes a second to load

    loader = FunctionLoader(_own)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=loader
    )
    environment.filters |= {
        "figure_of": objective,
        "volume": hypervolume,
        "picture": _picture,
        "numbers": evidence_in_words,
    }
    template = environment.get_template(shown.room.template)
    return template.render(
        shown=shown,
        start=start_name(shown.summary),
        data=for_script(shown),
        place={"width": WIDTH, "height": HEIGHT},
        style=_own("page.css"),
        script="\n".join(_own(name) for name in _SCRIPTS),
        charts=get_plotlyjs(),
    )


def _own(name: str) -> str:
    return files("valpnas.report").joinpath(name).read_text(encoding="utf-8")


def _picture(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode('ascii')}"
