"""The ticks of saved figures, drawn by few artists: the same as matplotlib's own."""

from __future__ import annotations

import io
import re

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from serfsim.report import svg
from serfsim.report.plots import style
from serfsim.report.plots.ticks import Ticks

TEXT = re.compile(r"<text [^>]*?transform=\"translate\(([-\d.]+) ([-\d.]+)\)[^>]*>([^<]*)</text>")
TEXT_AT = re.compile(r"<text [^>]*?x=\"([-\d.]+)\" y=\"([-\d.]+)\"[^>]*>([^<]*)</text>")


def texts(x: list[float], y: list[float], scale: str, *, ours: bool) -> dict[str, tuple[float, float]]:
    """Where each text of axes stands, in points."""
    out = io.StringIO()
    with mpl.rc_context({**style.STYLE, **svg.OPTIONS}):
        ax = Figure().add_subplot()
        ax.plot(x, y)
        ax.set_yscale(scale)
        ax.minorticks_off()
        ax.set_ylabel("members")
        style.label_below(ax, "time")
        if ours:
            Ticks(ax)
        ax.figure.savefig(out, format="svg")
    found = TEXT.findall(out.getvalue()) + TEXT_AT.findall(out.getvalue())
    return {
        f"{text} {number}": (float(a), float(b))
        for number, (a, b, text) in enumerate(sorted(found, key=lambda one: one[2]))
    }


@pytest.mark.parametrize(
    ("x", "y", "scale"),
    [
        ([0.0, 4.0], [0.0, 30.0], "linear"),
        ([-30.0, 420.0], [0.1, 1000.0], "log"),
        ([0.0, 3e6], [29.5, 30.0], "linear"),
        ([5.0, 1.0], [0.0, 40.0], "symlog"),
    ],
)
def test_numbers_and_labels_stand_where_matplotlib_has_them(
    x: list[float], y: list[float], scale: str
) -> None:
    ours, theirs = texts(x, y, scale, ours=True), texts(x, y, scale, ours=False)
    assert len(ours) > 6
    assert list(ours) == list(theirs)
    for text, place in ours.items():
        assert place == pytest.approx(theirs[text], abs=1.0), text


def test_large_numbers_are_written_in_full() -> None:
    assert "3000000" in " ".join(texts([0.0, 3e6], [0.0, 1.0], "linear", ours=True))
