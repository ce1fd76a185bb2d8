"""The sensitivity of a paper's headline figures to each assumption.

An alternative is compared with the rows of the same cells and seeds under the value used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from serfsim.study.reproduction.paper import Paper
from serfsim.study.reproduction.running import VARIED

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = ("assumption", "used", "alternative", "figure", "with_used", "with_alternative", "change")


def main_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the paper's tables, without the columns VARIED."""
    return rows[rows[VARIED[0]] == ""].drop(columns=list(VARIED)).reset_index(drop=True)


def figure_columns(rows: pd.DataFrame) -> list[str]:
    """Return the columns behind `cpu_s`: the figures."""
    columns = list(rows.columns)
    return columns[columns.index("cpu_s") + 1 :]


def factor_columns(rows: pd.DataFrame) -> list[str]:
    """Return the columns before `seed` except VARIED: the factors."""
    columns = list(rows.columns)
    return [name for name in columns[: columns.index("seed")] if name not in VARIED]


def headline_of(paper: Paper, rows: pd.DataFrame) -> Mapping[str, float]:
    """Return the headline figures of some rows, without the columns VARIED."""
    if paper.headline is not None:
        return paper.headline(rows)
    return {name: float(rows[name].mean()) for name in figure_columns(rows)}


def sensitivity(paper: Paper, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each assumption, alternative and headline figure; `change` is relative."""
    # start-up: pandas is slow to import
    import pandas as pd

    keys = [*factor_columns(rows), "seed"]
    main = main_rows(rows)
    used = {assumption.parameter: assumption.value for assumption in paper.assumptions}
    found = []
    for (parameter, value), group in rows[rows[VARIED[0]] != ""].groupby(list(VARIED), sort=False):
        varied = group.drop(columns=list(VARIED))
        same = main.merge(varied[keys], on=keys)
        ours, theirs = headline_of(paper, same), headline_of(paper, varied.merge(same[keys], on=keys))
        for name in theirs:
            before, after = ours.get(name, math.nan), theirs[name]
            change = (after - before) / abs(before) if before else math.nan
            found.append((parameter, used.get(parameter, ""), value, name, before, after, change))
    return pd.DataFrame(found, columns=list(COLUMNS))
