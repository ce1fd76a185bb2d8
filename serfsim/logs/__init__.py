"""What agents log, and how a log's lines look."""
