"""The command line: `main` puts the commands together, each has a file of its own."""

__all__: list[str] = []
