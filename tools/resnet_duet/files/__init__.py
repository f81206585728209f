"""Use cases on files: convert one or many, and verify a conversion."""
