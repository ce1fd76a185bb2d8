"""`serfsim --version`: the version, and whether the hot path is compiled."""

from __future__ import annotations

from serfsim._version import __version__
from serfsim.speed import is_compiled


def version_text() -> str:
    """Format the version: 'serfsim 0.1.0 (compiled)'."""
    return f"serfsim {__version__} ({'compiled' if _is_compiled() else 'interpreted'})"


def _is_compiled() -> bool:
    try:
        return is_compiled()
    except ImportError:
        return False
