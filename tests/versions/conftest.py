"""All runs of these tests are checked."""

from tests.checked import checked

__all__ = ["checked"]
