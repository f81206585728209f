"""Mistakes of a user, for type checkers: they must report each line with a comment `# error`."""

import resnet_duet
import resnet_torch

resnet_duet.load("resnet50.pth", into="pytorch")  # error
resnet_duet.load("resnet50.pth", into="torch", dtype="fp32")  # error
resnet_duet.load("resnet50.pth", into="torch", num_classes="ten")  # error
resnet_duet.save(resnet_torch.build("resnet18"), "net.onnx", input_layout="HWCN")  # error
resnet_torch.build("resnet18", dtype=64)  # error
resnet_torch.build(18)  # error
