"""A finished reproduction: rows, verdicts, tables, figures, and its folder.

| file | content |
|---|---|
| `rows.parquet`, `rows.csv` | a row for each run: factors, assumption and alternative, seed, cpu_s, figures |
| `verdicts.csv`, `verdicts.json` | the claims, published and ours |
| `published.csv` | every published figure with ours and its interval |
| `sensitivity.csv` | headline figures under the alternatives of each assumption |
| `summary.json` | paper, rules, slice, seeds, code, runs, CPU seconds, verdicts |
| `report.html`, `page.md`, `plots/*.png` | the page |
| `parts/` | one file per finished run, from which the same command resumes |
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.atomic_files import create_folder
from serfsim.base.atomic_folders import write_each
from serfsim.study.reproduction.held import lost, read_held
from serfsim.study.reproduction.paper import Options, Paper, Table, Verdict
from serfsim.study.reproduction.sensitivity import main_rows, sensitivity
from serfsim.study.reproduction.shelf import paper_folder
from serfsim.study.reproduction.slices import slice_text
from serfsim.study.sweeps.keys import code_version
from serfsim.study.sweeps.worker import FAILED, Outcome

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from serfsim.study.statistics import Interval

SCHEMA_VERSION: Final = 1
DPI: Final = 100


@dataclass(frozen=True)
class Reproduction:
    """A paper's figures beside ours. `all_rows` includes those of the sensitivity."""

    paper: Paper
    options: Options
    all_rows: pd.DataFrame
    outcomes: Sequence[Outcome]

    @property
    def rows(self) -> pd.DataFrame:
        """A row for each finished cell and seed, without those of the sensitivity."""
        return self._main

    @cached_property
    def _main(self) -> pd.DataFrame:
        return main_rows(self.all_rows)

    @cached_property
    def judged(self) -> list[Verdict]:
        """The verdicts."""
        return self.paper.verdicts(self.rows, self.options) if len(self.rows) else []

    @property
    def verdicts(self) -> pd.DataFrame:
        """The verdicts as a table."""
        # start-up: pandas is slow to import
        import pandas as pd

        names = list(Verdict.__dataclass_fields__)
        return pd.DataFrame([asdict(one) for one in self.judged], columns=names)

    @property
    def failed(self) -> list[Outcome]:
        """The runs that failed."""
        return [outcome for outcome in self.outcomes if outcome.status == FAILED]

    @cached_property
    def lost(self) -> list[Verdict]:
        """The verdicts that fail although the paper's record says that they held."""
        return lost(read_held(paper_folder(self.paper.name)), self.options, self.judged)

    @cached_property
    def intervals(self) -> Mapping[str, Interval]:
        """Our figures, {id of a published figure: interval over seeds}."""
        return self.paper.ours(self.rows, self.options) if self.paper.ours and len(self.rows) else {}

    @property
    def own_tables(self) -> Sequence[Table]:
        """The paper's tables of figures that none was published of."""
        return self.paper.tables(self.rows) if len(self.rows) else ()

    @property
    def table(self) -> pd.DataFrame:
        """Published figures beside ours: `ours`, `ours_low`, `ours_high`, and `n` values behind them."""
        # start-up: pandas is slow to import
        import pandas as pd

        rows = []
        for one in self.paper.published:
            ours = self.intervals.get(one.id)
            found = (ours.estimate, ours.low, ours.high, ours.n) if ours else (math.nan,) * 3 + (0,)
            rows.append({**asdict(one), **dict(zip(OURS, found, strict=True))})
        return pd.DataFrame(rows)

    @cached_property
    def sensitivity(self) -> pd.DataFrame:
        """A row for each assumption, alternative and headline figure."""
        return sensitivity(self.paper, self.all_rows)

    def draw(self) -> dict[str, Figure]:
        """Return new figures, {name: figure}."""
        # start-up: matplotlib is slow to import
        import matplotlib as mpl

        from serfsim.report.plots.style import STYLE

        with mpl.rc_context(STYLE):
            return dict(self.paper.figures(self.rows, self.judged)) if len(self.rows) else {}

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all finished runs."""
        return float(self.all_rows["cpu_s"].sum()) if len(self.all_rows) else 0.0

    def as_data(self) -> dict[str, Any]:
        """Return what summary.json holds."""
        seconds = round(self.cpu_s, 1)
        return {
            "schema_version": SCHEMA_VERSION,
            "paper": self.paper.name,
            "title": self.paper.title,
            "rules": self.options.rules,
            "slice": {factor: list(values) for factor, values in self.options.slice.items()},
            "seeds": list(self.options.seeds),
            "code": code_version(),
            "runs": len(self.all_rows),
            "failed": len(self.failed),
            "cpu_s": seconds,
            "verdicts": {one.id: one.outcome for one in self.judged},
            "lost": [one.id for one in self.lost],
        }

    def __repr__(self) -> str:
        return f"<Reproduction of {self.paper.name}, {slice_text(self.options.slice)}>"


OURS: Final = ("ours", "ours_low", "ours_high", "n")


def png(figure: Figure) -> bytes:
    """Return a figure as an image."""
    # start-up: matplotlib is slow to import
    import matplotlib as mpl

    from serfsim.report.plots.style import STYLE

    content = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(content, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    return content.getvalue()


def write_rows(all_rows: pd.DataFrame, folder: Path) -> None:
    """Write the tables of rows atomically."""
    content = io.BytesIO()
    plain = all_rows.copy()
    for name in plain.columns:
        if plain[name].dtype == object:  # a factor of mixed types
            plain[name] = plain[name].map(lambda value: None if value is None else str(value))
    plain.to_parquet(content, index=False, compression="zstd")
    files = {"rows.parquet": content.getvalue(), "rows.csv": all_rows.to_csv(index=False)}
    write_each(folder, files, kind=KIND)


KIND: Final = "reproduction"


def write_folder(found: Reproduction, folder: Path) -> None:
    """Write everything but the rows atomically.

    Raises SerfsimError before writing anything where one would replace a user's file.
    """
    # start-up: jinja2 is slow to import
    from serfsim.study.reproduction.markdown import markdown
    from serfsim.study.reproduction.page import page

    verdicts = found.verdicts
    files: dict[str, str | bytes] = {
        "verdicts.csv": verdicts.to_csv(index=False),
        "verdicts.json": json.dumps([asdict(one) for one in found.judged], indent=1, default=str) + "\n",
        "published.csv": found.table.to_csv(index=False),
        "sensitivity.csv": found.sensitivity.to_csv(index=False),
        "summary.json": json.dumps(found.as_data(), indent=1, default=str) + "\n",
        "page.md": markdown(found, "plots/"),
    }
    files |= {f"plots/{name}.png": png(figure) for name, figure in found.draw().items()}
    files["report.html"] = page(found)
    create_folder(folder / "plots")
    write_each(folder, files, kind=KIND)


def write_docs(found: Reproduction, folder: Path) -> None:
    """Write the page of the documentation: NAME.md and images/NAME-*.png."""
    # start-up: jinja2 is slow to import
    from serfsim.study.reproduction.markdown import markdown

    name = found.paper.name
    files: dict[str, str | bytes] = {f"images/{name}-{of}.png": png(fig) for of, fig in found.draw().items()}
    files[f"{name}.md"] = markdown(found, f"images/{name}-")
    for file, content in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
