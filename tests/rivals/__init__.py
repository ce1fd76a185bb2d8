"""Tests of the protocols that Serf is compared with."""
