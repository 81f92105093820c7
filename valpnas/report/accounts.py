"""Where the seconds of a run went: one bar per account."""

from __future__ import annotations

from collections.abc import Mapping

from valpnas.report.figure import SERIES, Figure, axis, figure

_MEANS = {
    "training": "training of candidates, rejected ones included",
    "evaluation": "scoring on validation rows",
    "diagnostics": "looking at models",
    "other": "choosing, changing, writing, waiting for a processor",
}


def accounts(seconds: Mapping[str, float]) -> Figure:
    """Return one stacked bar of seconds by account."""
    total = sum(seconds.values()) or 1.0
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [round(value, 3)],
            "y": [""],
            "name": f"{name}: {value:.1f} s ({value / total:.0%}), {_MEANS.get(name, name)}",
            "marker": {"color": SERIES[i % len(SERIES)]},
            "hovertemplate": f"{name}: %{{x:.1f}} s<extra></extra>",
        }
        for i, (name, value) in enumerate(seconds.items())
    ]
    legend = {"orientation": "v", "y": -0.6, "yref": "paper", "yanchor": "top", "x": 0, "traceorder": "normal"}
    margin = {"l": 20, "r": 20, "t": 10, "b": 60}
    return figure(
        data, 300, barmode="stack", xaxis=axis("seconds"), legend=legend, yaxis={"showticklabels": False}, margin=margin
    )
