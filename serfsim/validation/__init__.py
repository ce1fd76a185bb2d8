"""Validation against real agents: `python -m serfsim.validation`.

Each recording of real Serf agents on an emulated network (`golden.py`) becomes a scenario with the same
latencies, start times and faults (`scenario.py`), which runs over many seeds (`runs.py`). The recording is
also converted to the form of a simulated run, a `scoring.recording.Recording` (`conversion.py`), so that one
set of functions measures both (`figures/`). The figures are compared within stated tolerances
(`tolerances.py`, `compare.py`) and shown side by side (`page.py`, `plot.py`).
"""

__all__: list[str] = []
