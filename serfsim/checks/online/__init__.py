"""Rules that look at every packet and event of a run: compiled, like the machines that they look at.

They import nothing but the language and compiled modules. Rules that judge only at samples and at the end of
a run are beside this package, and use what it may not import.
"""

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed

__all__ = ["Checker", "Observed"]
