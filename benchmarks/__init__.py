"""Benchmarks of serfsim (`python -m benchmarks.speed`) and of two commits (`benchmarks.compare_commits`)."""
