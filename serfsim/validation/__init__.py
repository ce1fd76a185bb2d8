"""The comparison with real agents: `python -m serfsim.validation`.

Every recording of a cluster of real Serf agents on an emulated network (`golden.py`) becomes a
scenario: the same latencies, start times and faults (`scenario.py`). It is run over many seeds
(`runs.py`). The recording is also brought into the form that a simulated run has, a
`scoring.recording.Recording` (`conversion.py`), so that one set of functions measures both
(`figures/`). The figures are compared within stated tolerances (`tolerances.py`, `compare.py`) and
shown side by side (`page.py`, `plot.py`).
"""

__all__: list[str] = []
