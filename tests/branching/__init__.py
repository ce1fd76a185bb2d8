"""Tests of `serfsim branch`."""
