"""Questions asked of many runs: statistics, sweeps, tuning, comparison, regression."""
