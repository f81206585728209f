"""Identifies the network of a checkpoint from its arrays, and opens files as networks."""
