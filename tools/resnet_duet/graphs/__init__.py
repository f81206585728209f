"""Networks as their own files describe them: operations, edges, array references.

One reader for each source of a graph; `normalize` reduces what they read to the layer kinds of a
plan, so that a graph and a plan can be compared.
"""
