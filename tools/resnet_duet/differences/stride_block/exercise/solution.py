from dataclasses import replace

import resnet_spec
from resnet_spec.measure import shapes


def heights(stride_block):
    spec = replace(resnet_spec.get("keras_resnet50v2"), stride_block=stride_block)
    plan = resnet_spec.plan(spec)
    found = shapes(plan, (224, 224))
    return [found[stage.name][-1] for stage in plan.stages]


# The stem leaves 56. No stage follows the last one, so its last block does not stride.
assert heights("first") == [56, 28, 14, 7]
assert heights("last") == [28, 14, 7, 7]
print("first block:", heights("first"), " last block:", heights("last"))
