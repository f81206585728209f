"""Quantities for people: 25.6 M, 4.09 G, 102 MB, 0.4 s."""

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
ROUNDS_UP = 0.9995  # from here three digits round to the next prefix


def si(number: int) -> str:
    """A count with three significant digits: 25_557_032 is "25.6 M", 999 is "999"."""
    for factor, prefix in PREFIXES:
        if number >= ROUNDS_UP * factor:
            value = number / factor
            digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{value:.{digits}f} {prefix}"
    return str(number)


def size(number: int) -> str:
    """A number of bytes: "102 MB"."""
    text = si(number)
    return f"{text}B" if text[-1].isalpha() else f"{text} B"


def seconds(duration: float) -> str:
    """A duration in seconds: "0.4 s"."""
    return f"{duration:.1f} s"
