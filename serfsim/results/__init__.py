"""The artefacts of a run: recording, scores, tables, log and stored truth. Nothing here draws."""

__all__: list[str] = []
