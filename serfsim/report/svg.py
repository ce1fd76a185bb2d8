"""Figures as SVG within a page, in the page's own type and colours.

matplotlib draws; then title, subtitle, label of the values and legend are taken out of the figure, so
that the page can set them as text that wraps and scales, and the style's colours become custom
properties (`var(--blue)`), which the style sheet defines for light and dark mode. Equal figures give equal
text, and ids are unique per figure, so that several fit in one page.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from markupsafe import escape
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.lines import Line2D

from serfsim.report.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PROPERTIES = {
    style.BLACK: "ink",
    style.ORANGE: "orange",
    style.SKY: "sky",
    style.GREEN: "green",
    style.YELLOW: "yellow",
    style.BLUE: "blue",
    style.RED: "red",
    style.PINK: "pink",
    style.GREY: "grey",
    style.LIGHT: "light",
    style.SOFT: "soft",
    style.EDGE: "edge",
    style.GRID: "grid",
    style.FAULT: "fault",
    style.FAULTED: "faulted",
    style.DOWN: "down",
    style.MINT: "mint",
    style.VIOLET: "violet",
    style.LILAC: "lilac",
    "#ffffff": "paper",
}
RASTER_DPI = 150  # for layers with so many marks that they are rasterised
HALF = 6.4  # inches: the width of a figure beside another
NUMBERS = 8.0  # points of the numbers below a wide figure, which the page enlarges
MARGINS = (0.66, 0.14, 0.12, 0.46)  # inches left, right, above, below, for numbers and one label
KEY = 10.0  # the height of a legend's sample, and half of its width
OPTIONS: Any = {"svg.fonttype": "none", "svg.hashsalt": "serfsim"}

_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_TAG = re.compile(r"<[^>]*>")
_FINE = re.compile(r"(\d\.\d\d)\d+")
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(url\(#|xlink:href="#)([^)"]+)')
_NOT_WANTED = re.compile(
    r"<metadata>.*?</metadata>|<style.*?</style>| font-family: [^;\"]*;?|<!--.*?-->"
    r"| transform=\"rotate\(-0 [^\"]*\"",
    re.DOTALL,
)


@dataclass(frozen=True)
class Key:
    """One entry of a legend: its sample as SVG, and its label."""

    sample: str
    label: str


@dataclass(frozen=True)
class PageFigure:
    """A figure of the page. `svg` is '' if there was nothing to draw; `note` then says why.

    `values` labels the vertical axis. `wide`: the figure takes the full width. `named`: it contains names
    of nodes, which cannot grow on a narrow page.
    """

    name: str
    title: str
    note: str
    values: str = ""
    legend: tuple[Key, ...] = ()
    svg: str = ""
    wide: bool = False
    named: bool = False


def page_figure(figure: Figure, name: str, height: float | None, named: bool) -> PageFigure:
    """Convert a figure with a single axes. The figure is changed: save it elsewhere first.

    `height` in inches for a figure beside another; None keeps the size of the axes.
    """
    (ax,) = figure.axes
    title, note, values, legend = ax.get_title(loc="left"), take_note(ax), ax.get_ylabel(), keys_of(ax)
    if not ax.axison:
        return PageFigure(name, title, note)
    ax.set_title("", loc="left")
    ax.set_ylabel("")
    if ax.get_legend() is not None:
        ax.get_legend().remove()  # type: ignore[union-attr]
    fit(figure, ax, height)
    for patch in (figure.patch, ax.patch):
        patch.set_visible(False)
    svg = svg_of(figure, name, f"{title}. {note}")
    return PageFigure(name, title, note, values, tuple(legend), svg, height is None, named)


def take_note(ax: Axes) -> str:
    """Remove the subtitle and return its text."""
    for text in ax.texts:
        if text.get_gid() == style.NOTE:
            text.remove()
            return str(text.get_text())
    return ""


def fit(figure: Figure, ax: Axes, height: float | None) -> None:
    """Close the space left by title and legend."""
    left, right, above, below = MARGINS
    if height is None:
        box, width = ax.get_position(), figure.get_figwidth()
        left, right = box.x0 * width, (1.0 - box.x1) * width
        height = box.height * figure.get_figheight() + above + below
        ax.tick_params(axis="x", labelsize=NUMBERS)
        ax.xaxis.label.set_fontsize(NUMBERS)
    else:
        width = HALF
    figure.set_size_inches(width, height)
    figure.subplots_adjust(left / width, below / height, 1.0 - right / width, 1.0 - above / height)


def svg_of(figure: Figure, name: str, description: str) -> str:
    """Return the figure as an <svg> element; `description` is its text for screen readers."""
    text = io.StringIO()
    with mpl.rc_context(OPTIONS):
        figure.savefig(text, format="svg", dpi=RASTER_DPI, metadata={"Date": None})
    drawing = _NOT_WANTED.sub("", text.getvalue())
    drawing = drawing[drawing.index("<svg") :]
    head, body = drawing.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    assert box is not None
    # Positions need no more than hundredths of a point; text is left alone.
    body = _TAG.sub(lambda tag: _FINE.sub(r"\1", tag[0]), prefix_ids(body, name))
    body = re.sub(r"\n\s*", "\n", body)
    return f'<svg {box[0]} role="img" aria-label="{escape(description)}">{replace_colours(body)}'


def prefix_ids(text: str, name: str) -> str:
    """Prefix the ids that are referenced with the figure's name; remove the others."""
    wanted = {match[2] for match in _REFERENCE.finditer(text)}
    text = _ID.sub(lambda match: f' id="{name}-{match[1]}"' if match[1] in wanted else "", text)
    return _REFERENCE.sub(lambda match: f"{match[1]}{name}-{match[2]}", text)


def replace_colours(text: str) -> str:
    """Replace the style's colours by custom properties; others stay."""
    return _COLOUR.sub(
        lambda match: f"var(--{PROPERTIES[match[0]]})" if match[0] in PROPERTIES else match[0], text
    )


# The legend --------------------------------------------------------------------------------------


def keys_of(ax: Axes) -> list[Key]:
    legend = ax.get_legend()
    if legend is None:
        return []
    labels = [text.get_text() for text in legend.get_texts()]
    return [
        Key(sample(handle), label)
        for handle, label in zip(legend.legend_handles, labels, strict=True)
        if handle is not None
    ]


def sample(handle: Any) -> str:
    """Return the legend sample of a line, a patch or a marker."""
    if isinstance(handle, Line2D):
        shape = line_sample(handle)
    elif isinstance(handle, PathCollection):
        shape = marker_sample(handle)
    else:
        fill, opacity = paint(handle.get_facecolor())
        look = f"fill:{fill};fill-opacity:{opacity:g};stroke:var(--edge);stroke-width:.6"
        shape = f'<path d="M1 1h18v8h-18z" style="{look}"/>'
    return f'<svg class="key" viewBox="0 0 {2 * KEY:g} {KEY:g}" aria-hidden="true">{shape}</svg>'


def line_sample(line: Any) -> str:
    stroke, opacity = paint(line.get_color())
    dashed = ";stroke-dasharray:4 2.4" if line.is_dashed() else ""
    width = max(1.4, line.get_linewidth())
    look = f"fill:none;stroke:{stroke};stroke-opacity:{opacity:g};stroke-width:{width:g}{dashed}"
    return f'<path d="M0 {KEY / 2:g}h{2 * KEY:g}" style="{look}"/>'


def marker_sample(points: Any) -> str:
    """Return the marker's outline as the collection draws it."""
    (outline,) = points.get_paths()[:1]
    size = float(points.get_sizes()[0]) ** 0.5
    edge, face = points.get_edgecolor(), points.get_facecolor()
    parts = ["fill:none"] if len(face) == 0 else ["fill:{};fill-opacity:{:g}".format(*paint(face[0]))]
    width = float(points.get_linewidth()[0])
    if len(edge) and width > 0:
        parts.append("stroke:{};stroke-opacity:{:g}".format(*paint(edge[0])) + f";stroke-width:{width:g}")
    lines = [
        "M" + "L".join(f"{KEY + size * x:.1f} {KEY / 2 - size * y:.1f}" for x, y in polygon)
        for polygon in outline.to_polygons(closed_only=False)
    ]
    return f'<path d="{"".join(lines)}" style="{";".join(parts)}"/>'


def paint(colour: Any) -> tuple[str, float]:
    """Return a colour as the style sheet names it, and its opacity."""
    return replace_colours(to_hex(colour)), to_rgba(colour)[3]
