"""A released net as the start of another training: what it knows is kept, what it lacks is random."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from models.data.readers import DataError
from models.networks import deployed
from models.networks.emotion_stage import EmotionStage
from models.networks.face_net import UNITS, FaceNet
from models.networks.vgg_face_au import VggFaceAu


@torch.no_grad()
def go_on(net: FaceNet, path: Path, units: tuple[str, ...]) -> None:
    """Fill convolutions, units and emotion stage from a `net.safetensors` of VGG-16.

    units: the names of the net's units; those the released net did not read stay random. Batch
    normalisation was folded away and is put back by `initialise.preserve`. Raises DataError.
    """
    released = deployed.load(path)
    if not isinstance(net, VggFaceAu) or released.facts.get("network", "vgg16") != "vgg16":
        raise DataError(f"{path}: only a VGG-16 can go on from a released one: start the others from net.pt")
    known = released.facts["action_units"]
    strange = [name for name in known if name not in units]
    if strange:
        raise DataError(f"{path} reads the units {', '.join(strange)}, which this net has not")
    filters = [layer for layer in released.net.features if isinstance(layer, nn.Conv2d)]
    for (conv, _), filled in zip(net.convolutions(), filters):
        assert conv.bias is not None and filled.bias is not None
        conv.weight.copy_(filled.weight)
        conv.bias.copy_(filled.bias)
    net.mean.copy_(released.net.mean)
    net.scale.copy_(released.net.scale)
    rows = [units.index(name) for name in known]
    head, stage = net.heads[UNITS], net.heads["emotions"]
    assert isinstance(head, nn.Linear) and isinstance(stage, EmotionStage)
    head.weight[rows] = released.net.action_unit_head.weight
    head.bias[rows] = released.net.action_unit_head.bias
    arrays = {name: torch.from_numpy(array) for name, array in released.stage.items()}
    if arrays["hidden_weight"].shape[0] == stage.hidden.out_features:
        stage.hidden.weight.zero_()
        stage.hidden.weight[:, rows] = arrays["hidden_weight"]
        stage.hidden.bias.copy_(arrays["hidden_bias"])
        stage.output.weight.copy_(arrays["output_weight"])
        stage.output.bias.copy_(arrays["output_bias"])
