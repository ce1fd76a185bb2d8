"""Errors caused by invalid input.

Every such error is one printable message; the command line turns it into exit code 2. Any other exception is
a defect of serfsim.
"""

from __future__ import annotations


class SerfsimError(Exception):
    """Invalid input; str() is the whole message."""


class SerfsimWarning(UserWarning):
    """Valid but questionable input."""


class ScenarioError(SerfsimError):
    """An invalid scenario file or value."""


class ResultError(SerfsimError):
    """A result folder that cannot be read or written."""


class SweepError(SerfsimError):
    """A sweep that cannot start or resume because of its grid, seeds, folder or workers."""


class BaselineError(SerfsimError):
    """A baseline of results that cannot be read, compared with or written."""
