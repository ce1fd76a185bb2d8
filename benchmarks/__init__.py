"""How fast serfsim is: `python -m benchmarks.speed`. Two commits: `python -m benchmarks.compare_commits`."""
