"""Experiments that every framework can run: inference, training and initialisation."""
