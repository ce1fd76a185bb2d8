"""Studies over many runs: statistics, sweeps, tuning, comparison, regression."""

__all__: list[str] = []
