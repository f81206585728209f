"""What the mistakes of a difference do, drawn: where in an image, how deep, how soon, how much."""

from resnet_duet.book.pictures import of_start, of_training, of_use
from resnet_duet.book.pictures.drawing import Picture
from resnet_duet.experiments.difference import Difference
from resnet_duet.experiments.start import Start
from resnet_duet.experiments.training import Training
from resnet_duet.experiments.use import Use


def picture(difference: Difference) -> Picture:
    """The mistakes of a difference where they show: right in PyTorch, and wrong in Keras."""
    match difference.shown():
        case Use() as world:
            return of_use.draw(world, tuple(difference.mistakes(world)))
        case Training() as world:
            longer = of_training.lengthened(world)
            return of_training.draw(longer, tuple(difference.mistakes(longer)))
        case Start() as world:
            return of_start.draw(world, tuple(difference.mistakes(world)))
        case world:
            raise TypeError(f"nothing is drawn of a {type(world).__name__}")
