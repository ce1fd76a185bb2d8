"""A figure as the bytes of an image, drawn without a screen and without pyplot."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

SIZE = (9.6, 5.4)  # inches


def png_of(draw: Callable[..., Any], size: tuple[float, float] = SIZE) -> bytes:
    """What `draw(ax=axes)` draws, in the style of all figures."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from serfsim.report.figures import DPI
    from serfsim.report.plots.style import STYLE

    out = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        draw(ax=figure.add_subplot())
        figure.savefig(out, dpi=DPI, format="png")
    return out.getvalue()
