"""The effects of a difference's mistakes: within an image, over layers, over training steps."""

from resnet_duet.book.figures import inference, initialization, training
from resnet_duet.book.figures.drawing import Figures
from resnet_duet.differences.difference import Difference
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_duet.scenarios.initialization import InitScenario
from resnet_duet.scenarios.training import TrainingScenario


def figure(difference: Difference) -> Figures:
    """Draw the mistakes of a difference in the experiment that shows them.

    PyTorch runs the correct version, Keras the incorrect ones.
    """
    match difference.visible():
        case InferenceScenario() as scenario:
            return inference.draw(scenario, tuple(difference.mistakes(scenario)))
        case TrainingScenario() as scenario:
            longer = training.lengthened(scenario)
            return training.draw(longer, tuple(difference.mistakes(longer)))
        case InitScenario() as scenario:
            return initialization.draw(scenario, tuple(difference.mistakes(scenario)))
        case scenario:
            raise TypeError(f"no figure for a {type(scenario).__name__}")
