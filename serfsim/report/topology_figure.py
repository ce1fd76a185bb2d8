"""The figure of a topology: its panels on one sheet, written atomically."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from serfsim.base.atomic_files import create_folder, write_whole
from serfsim.base.errors import ResultError
from serfsim.report import topology_panels as panels
from serfsim.report.plots.style import STYLE
from serfsim.report.topology_map import topology_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from serfsim.report.topology_survey import Survey

SIZE = (18.0, 10.4)  # inches
DPI = 100


def topology_figure(survey: Survey) -> Figure:
    """Draw map, distribution, heat map; below them triangles, asymmetry or error by distance, the floor."""
    asymmetric = survey.report.asymmetric_share > 0.0
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15))
        FigureCanvasAgg(figure)
        axes = figure.subplots(2, 3)
        topology_map(survey, axes[0, 0])
        panels.rtt_distribution(survey, axes[0, 1])
        panels.rtt_heat_map(survey, axes[0, 2])
        panels.triangle_severity(survey, axes[1, 0])
        (panels.asymmetry if asymmetric else panels.error_by_distance)(survey, axes[1, 1])
        panels.floor_distribution(survey, axes[1, 2])
        for ax in axes.flat:
            for text in ax.texts:
                text.set_in_layout(False)  # a subtitle may be wider than its axes
        described = survey.described
        title = survey.name if described == survey.name else f"{survey.name}: {described}"
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    return figure


SOFTWARE = "serfsim"  # marks an image that may be overwritten


def save_topology_figure(survey: Survey, path: Path) -> Path:
    """Write a PNG. Raises ResultError if it cannot be written."""
    create_folder(path.parent, ResultError)
    image = io.BytesIO()
    with mpl.rc_context(STYLE):
        topology_figure(survey).savefig(image, dpi=DPI, format="png", metadata={"Software": SOFTWARE})
    write_whole(path, image.getvalue(), ResultError)
    return path
