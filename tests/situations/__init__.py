"""The library of situations: check, table, figures and search."""
