"""Places the arrays of a state dict by their order and shapes, whatever their names.

`layers` groups arrays into layers, `networks` grows networks from the kernels' shapes, `listings`
has the orders in which files list layers, `names` checks an assignment against the hierarchy of
names, and `match` decides.
"""
