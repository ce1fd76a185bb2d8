"""What a run leaves: its recording, scores, tables, log and stored truth. Nothing here draws."""

__all__: list[str] = []
