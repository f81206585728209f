"""Identifies a network by its graph, whatever its names.

`blocks` takes a graph apart, `choices` suggests specs, `match` compares the plan of each with the
graph, `identify_graph` decides, and `open` gives the arrays their canonical names.
"""
