"""The result of a diagnosis."""

from dataclasses import dataclass

from resnet_duet.comparison.display import html_table, html_text, name_list
from resnet_duet.comparison.layer_errors import LayerError

HEADINGS = ("cause", "description", "layers", "error on its own", "fix")
ALTERNATIVE = "or, indistinguishable by the outputs:"


@dataclass(frozen=True, repr=False)
class Cause:
    """A known difference between the frameworks that explains why two networks differ.

    Attributes:
        difference: its name, as in `resnet-duet differences`.
        description: the mistake.
        fix: the line that fixes it.
        layers: that it affects; empty if it is outside the network.
        error: the relative error of the reference's output with this mistake alone.
        residual_without: the residual if all causes of the explanation are made but this one, on
            the scale of `Diagnosis.residual`: why it is needed. None for the only cause, for
            float32 arithmetic, and where the others alone are a network that cannot run.
    """

    difference: str
    description: str
    fix: str
    layers: tuple[str, ...]
    error: float
    residual_without: float | None

    @property
    def place(self) -> str:
        """The layers in short: "bn1, layer1.0.bn1 ... layer4.1.bn2 (20 in total)"."""
        return name_list(self.layers) if self.layers else "outside the network"

    @property
    def need(self) -> str:
        """Why it is needed next to the other causes: "; without it: residual 2.3e-03"."""
        if self.residual_without is None:
            return ""
        return f"; without it: residual {self.residual_without:.1e}"

    def __repr__(self) -> str:
        return f"<Cause {self.difference}: {self.description}>"

    def __str__(self) -> str:
        place = f"in {self.place}" if self.layers else self.place
        return (
            f"{self.difference}: {self.description}\n"
            f"  {place}; on its own: error {self.error:.1e}{self.need}\n"
            f"  fix: {self.fix}"
        )

    def _repr_html_(self) -> str:
        return html_table("Cause", HEADINGS, [_cells(self)])


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """Why the outputs of two networks differ. `str()` of it is a report.

    Errors are relative to the reference's output, as in `Comparison`.

    Attributes:
        titles: of the reference and of the other network.
        match: whether the outputs match, so that there is nothing to explain.
        error: of the other network's output; infinite if the architectures differ.
        precision: "float32" if the other network computes in float32, else "float64".
        different_architectures: how the architectures differ, if the difference is one that no
            known mistake makes. Nothing is searched for then. None if they do not.
        explanations: each of them alone reproduces the other network's outputs, and each of its
            causes is needed for that. Several are indistinguishable by these outputs. Empty if
            there is none.
        residual: the error of the other network's output that the first explanation leaves; if
            there is no explanation, `error`.
        first_divergence: the first layer that differs, if there is no explanation and layers can
            be compared; else None.
        tried: the number of mistakes and combinations of mistakes that were tested.
        max_causes: the most mistakes of a combination.
    """

    titles: tuple[str, str]
    match: bool
    error: float
    precision: str
    different_architectures: str | None
    explanations: tuple[tuple[Cause, ...], ...]
    residual: float
    first_divergence: LayerError | None
    tried: int
    max_causes: int

    @property
    def verdict(self) -> str:
        """The result in one line."""
        if self.match:
            return f"Outputs match ({self.error:.1e}, {self.precision}); nothing to diagnose."
        if self.different_architectures:
            return f"Different architectures: {self.different_architectures}."
        if not self.explanations:
            kind = "single causes" if self.max_causes == 1 else "combinations"
            return f"No known cause among {self.tried:,} {kind}."
        causes = " + ".join(cause.difference for cause in self.explanations[0])
        return f"{self._found}: {causes}."

    @property
    def _found(self) -> str:
        causes = "Causes" if len(self.explanations[0]) > 1 else "Cause"
        return f"{causes} found (residual {self.residual:.1e})"

    def __repr__(self) -> str:
        return f"<Diagnosis of {self.titles[0]} and {self.titles[1]}: {self.verdict}>"

    def __str__(self) -> str:
        if self.match or self.different_architectures:
            return self.verdict
        reference, other = self.titles
        lines = [
            f"MISMATCH: relative error {self.error:.1e} between {reference} and {other}"
            f" ({self.precision})."
        ]
        if not self.explanations:
            lines.append(self.verdict)
            if self.first_divergence:
                lines.append(f"First diverging layer: {self.first_divergence}")
            return "\n".join(lines)
        lines.append(f"{self._found}:")
        for number, causes in enumerate(self.explanations):
            if number:
                lines.append(ALTERNATIVE)
            lines += [f"  {line}" for cause in causes for line in str(cause).splitlines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        if not self.explanations:
            return html_text(self.verdict)
        titles = [f"{self._found}:", *[ALTERNATIVE] * (len(self.explanations) - 1)]
        return "".join(
            html_table(title, HEADINGS, [_cells(cause) for cause in causes])
            for title, causes in zip(titles, self.explanations, strict=True)
        )


def _cells(cause: Cause) -> tuple[str, ...]:
    return (cause.difference, cause.description, cause.place, f"{cause.error:.1e}", cause.fix)
