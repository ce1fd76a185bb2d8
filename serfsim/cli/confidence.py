"""The --confidence option: '95%' or 0.95."""

from __future__ import annotations

import re

from serfsim.base.errors import SerfsimError
from serfsim.scenario.problems import found_expected, quoted

_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*")


def confidence_of(text: str) -> float:
    """Read '95%', '95 %' or '0.95' as 0.95.

    Raises SerfsimError for anything that is not a confidence, including 0 and 100 %.
    """
    match = _SHARE.fullmatch(text)
    value = float(match[1]) / (100 if match[2] else 1) if match else 0.0
    if not 0 < value < 1:
        meant = f"{text.strip()}%" if match and not match[2] and 1 < value < 100 else None
        expected = "a share above 0 and below 100 %, such as 95%"
        raise SerfsimError(f"--confidence: {found_expected(quoted(text), expected, meant)}")
    return value
