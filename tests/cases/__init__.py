"""Small scenarios that once came out wrong, each with what is right."""
