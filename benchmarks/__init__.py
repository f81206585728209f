"""Measurements against the tools that one would otherwise use. No test depends on them."""
