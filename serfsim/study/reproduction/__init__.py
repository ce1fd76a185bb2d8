"""Published results, reproduced: a paper's grid over seeds, its claims judged, its page.

`paper` has the classes that a paper is made of, `shelf` finds the papers, `slices` reads slices, `running`
carries out the runs with the workers and the store of `sweeps`, `held` compares verdicts with the record,
`seeds` has intervals over seeds, `sensitivity` measures assumptions, `judging` judges means, `drawing` draws
them, `result` writes the folder; `reproducing` has the function `reproduce`.
"""

from serfsim.study.reproduction.cell import Cell
from serfsim.study.reproduction.drawing import draw_points
from serfsim.study.reproduction.judging import (
    intervals_of,
    judge,
    judge_near,
    means_of,
    report,
    used,
    values_of,
)
from serfsim.study.reproduction.paper import (
    FAILS,
    HOLDS,
    NOT_JUDGED,
    Assumption,
    Options,
    Outcome,
    Paper,
    Published,
    Table,
    Verdict,
    data_file,
    new_figure,
    read_published,
)
from serfsim.study.reproduction.reproducing import reproduce
from serfsim.study.reproduction.result import Reproduction
from serfsim.study.reproduction.seeds import over_seeds
from serfsim.study.reproduction.shelf import find_paper, paper_folders

__all__ = [
    "FAILS",
    "HOLDS",
    "NOT_JUDGED",
    "Assumption",
    "Cell",
    "Options",
    "Outcome",
    "Paper",
    "Published",
    "Reproduction",
    "Table",
    "Verdict",
    "data_file",
    "draw_points",
    "find_paper",
    "intervals_of",
    "judge",
    "judge_near",
    "means_of",
    "new_figure",
    "over_seeds",
    "paper_folders",
    "read_published",
    "report",
    "reproduce",
    "used",
    "values_of",
]
