"""Which network a recipe means."""

from __future__ import annotations

from models.networks.face_net import FaceNet
from models.networks.small_au import SmallAu
from models.networks.vgg_face_au import VggFaceAu
from models.recipe import Recipe
from models.targets import TARGETS

NETWORKS: dict[str, type[VggFaceAu] | type[SmallAu]] = {"vgg16": VggFaceAu, "small": SmallAu}
"""Every network by the name that recipes and checkpoints use."""


def build(recipe: Recipe) -> FaceNet:
    """The net of a recipe, with random weights."""
    heads = [(head, len(TARGETS[head.target].columns)) for head in recipe.head]
    return NETWORKS[recipe.network](heads, recipe.dropout)


def set_stage(net: FaceNet, first_pool: int) -> None:
    """Put the net into the form that a stage trains."""
    if isinstance(net, VggFaceAu):
        net.first_pool = first_pool
