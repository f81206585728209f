"""The residuals that a search takes for equal."""

ROUNDING = 1e-12  # an upper bound for two frameworks in float64; smaller residuals are equal
INDISTINGUISHABLE = 10  # explanations whose residual is at most this multiple of the smallest
