"""The command line: `main` runs the commands, each in its own module."""

__all__: list[str] = []
