"""What goes wrong by the user's doing, as opposed to by ours.

Every such error is one message that can be printed as it is; the command line turns it into
exit code 2. Anything else that escapes is a defect of serfsim.
"""

from __future__ import annotations


class SerfsimError(Exception):
    """A mistake in what serfsim was given; str() is the whole message."""


class SerfsimWarning(UserWarning):
    """What can be used, but perhaps should not be."""


class ScenarioError(SerfsimError):
    """A scenario file or value that cannot be used."""


class ResultError(SerfsimError):
    """A result folder that cannot be read or written."""


class SweepError(SerfsimError):
    """A sweep that cannot begin or go on: its grid, its seeds, its folder or its workers."""


class BaselineError(SerfsimError):
    """A baseline of results that cannot be read, compared with or written."""
