"""Configurations of older runs in the keys of today, so that every run that was ever trained
opens."""

from __future__ import annotations

from typing import Any

PIGGYBACK = "colorlab.methods.piggyback"
DIVCOLOR = "colorlab.methods.divcolor"
GPIC = "colorlab.methods.gpic"
CONSISTENCY = "colorlab.methods.consistency.Consistency"
BASIS = "colorlab.methods.basis"
PRIOR = "colorlab.methods.latent_prior"
CHROMAGAN = "colorlab.methods.chromagan"
FLATS = "colorlab.methods.flats.Flats"
FLATS_DIFFUSION = "colorlab.methods.flats_diffusion.FlatsDiffusion"


#: Of methods with a discriminator.
CRITIC: dict[str, str | None] = {
    "critic_width": "critic.width", "critic_layers": "critic.layers",
    "critic_scales": "critic.scales",
    "gradient_clip_val": None,  # the trainer's
}  # fmt: skip
OF_CRITIC = {"critic": "colorlab.methods.adversarial.CriticOptions"}


def moved_to(group: str, *keys: str) -> dict[str, str | None]:
    """Keys that are in a group today, under their own names."""
    return {key: f"{group}.{key}" for key in keys}


GUIDANCE: dict[str, str | None] = {"negative": "guidance.negative", "guidance": "guidance.scale"}
OF_GUIDANCE = {"guidance": "colorlab.samplers.guidance.GuidanceOptions"}

READING = moved_to("reading", "width", "side", "layers", "heads", "trunk", "text_encoder")
AREAS = GUIDANCE | READING | {
    "color_layers": "decoder.layers", "turns": "decoder.turns",
    "styles": "hand.styles", "style": "hand.style", "style_dropout": "hand.dropout",
}  # fmt: skip
OF_AREAS = OF_GUIDANCE | {
    "reading": "colorlab.methods.area_options.ReadingOptions",
    "hand": "colorlab.methods.area_options.HandOptions",
}  # fmt: skip

CLUSTER: dict[str, str | None] = moved_to("cluster", "pool", "clusters") | {
    "cluster": "cluster.kind"
}
OF_CLUSTER = {"cluster": "colorlab.samplers.clusters.ClusterOptions"}

MARGINALS: dict[str, str | None] = {
    "stride": "net.stride", "shortcuts": "net.shortcuts", "rank": "net.rank", "edges": "net.edges",
    "bins": "classes.bins", "rebalance": "classes.rebalance",
    "undo_rebalancing": "classes.undo_rebalancing", "neighbours": "classes.neighbours",
    "sigma": "classes.sigma", "prior": "classes.prior",
}  # fmt: skip
OF_CLASSES = {"classes": "colorlab.methods.marginals.ClassOptions"}
WITH_TRUNK = OF_CLASSES | {"net": "colorlab.methods.marginals.TrunkOptions"}

#: class of a method -> {key of an older run: where the value is today, None if nowhere}
MOVED: dict[str, dict[str, str | None]] = {
    f"{PIGGYBACK}.Piggyback": moved_to("latent", "prior", "decoder", "space") | {
        "guider": "guider.kind", "mix": "guider.mix", "sites": "guider.sites",
        "rank": "guider.rank", "checkpointing": "guider.checkpointing",
        "guider_every": "guider.every", "new_rate": "learning.new_rate", "steps": "learning.steps",
        "caption_dropout": "learning.caption_dropout", "colour_words": "learning.color_words",
        "structure_dropout": "learning.structure_dropout", "superpixels": "hints.superpixels",
        "hint_colors": "hints.colors", "hints_least": "hints.least", "hints_most": "hints.most",
        "no_hints": "hints.none", "snap": "hints.snap", "hear_hints": "hints.use",
        "text_scale": "guidance.text", "structure_scale": "guidance.structure",
        "negative": "guidance.negative", "ablation": "guider.ablation.kind",
        "sdedit_strength": "guider.ablation.sdedit_strength",
        "sds_steps": "guider.ablation.sds_steps", "sds_rate": "guider.ablation.sds_rate",
        "sds_gray": "guider.ablation.sds_gray",
        "bf16": None,  # chosen when sampling
    },
    f"{DIVCOLOR}.DivColor": moved_to("net", "side", "latents", "skip", "dropout") | {
        "l2": "losses.l2", "hist": "losses.hist", "mah": "losses.mah", "grad": "losses.grad",
        "kl": "losses.kl", "reduction": "losses.reduction", "uniform": "losses.uniform",
        "mdn_width": "mdn.width", "components": "mdn.components", "head": "mdn.head",
        "mdn_loss": "mdn.loss", "features": "mdn.features", "features_width": "mdn.features_width",
        "stage": "stages.stage", "vae_share": "stages.vae_share", "vae": "stages.vae",
        "steps": "stages.steps", "accumulate": "stages.accumulate", "samples": "mdn.samples",
    },
    f"{GPIC}.GPIC": {
        "predict": "learning.predict", "distance": "learning.distance", "min_xi": "learning.min_xi",
        "stratified": "learning.stratified", "fourier_features": "embedding.features",
        "fourier_scale": "embedding.scale", "embed_of": "embedding.of",
        "literal_film": "embedding.literal_film",
        "bf16": None, "compiled": None,  # chosen when sampling
    },
    CONSISTENCY: {"compiled": None},
    "colorlab.methods.cic.CIC": MARGINALS,
    "colorlab.methods.marginals.MarginalsMethod": MARGINALS | {"trunk": "net.trunk"},
    f"{BASIS}.Basis": MARGINALS | {
        "trunk": "net.trunk",
        "channels": "layer.channels", "layers": "layer.layers", "bases": "layer.bases",
        "noise": "layer.noise", "remedy": "learning.remedy", "candidates": "learning.candidates",
    },
    f"{PRIOR}.LatentPrior": GUIDANCE | moved_to("net", "width", "layers", "text_encoder") | {
        **moved_to("latent", "vae", "decoder", "space"),
        "predict": "learning.predict", "zero_snr": "learning.zero_snr",
        "colour_words": "learning.color_words", "caption_dropout": "learning.caption_dropout",
    },
    FLATS: AREAS | moved_to("decoder", "colors", "softness"),
    FLATS_DIFFUSION: AREAS,
    "colorlab.methods.pix2pix.Pix2Pix": CRITIC | moved_to(
        "net", "depth", "dropout", "dropout_at_test"
    ),
    "colorlab.methods.msgan.MSGAN": CRITIC | moved_to("net", "depth", "latent") | {
        "l1_weight": "losses.l1", "seek_weight": "losses.seek",
    },
    "colorlab.methods.bicyclegan.BicycleGAN": CRITIC | {
        **moved_to("net", "depth", "latent", "encoder_width"),
        "l1_weight": "losses.l1", "kl_weight": "losses.kl", "latent_weight": "losses.latent",
    },
    "colorlab.methods.munit.MUNIT": CRITIC | moved_to("net", "downs", "blocks", "latent") | {
        "picture_weight": "losses.picture", "style_weight": "losses.style",
    },
    "colorlab.methods.cgan.CGAN": CRITIC | CLUSTER | moved_to("net", "depth", "dropout"),
    "colorlab.methods.cvae.CVAE": CLUSTER | moved_to("net", "side", "latents", "dropout"),
    "colorlab.methods.cinn.CINN": moved_to("net", "blocks", "clamp", "shrink") | moved_to(
        "learning", "dequantise", "noise"
    ),
    "colorlab.methods.latent_vae.LatentVAE": moved_to(
        "losses", "perceptual", "perceptual_net", "kl"
    ),
    "colorlab.methods.lightness_vae.LightnessVAE": CRITIC | moved_to(
        "losses", "perceptual", "perceptual_net", "gan", "gan_start"
    ),
    f"{CHROMAGAN}.ChromaGAN": CRITIC | {
        "skips": "trunk.skips", "tuned": "trunk.tuned", "pretrained": "trunk.pretrained",
        "l2_weight": "losses.l2", "class_weight": "losses.classes", "gan_weight": "losses.gan",
        "penalty_weight": "losses.penalty", "classified_at": "losses.classified_at",
        "tries": "losses.tries",
    },
}  # fmt: skip

#: class of a method -> {group of an older run: where it is today}
MOVED_GROUPS = {f"{PIGGYBACK}.Piggyback": {"ablation": "guider.ablation"}}

#: class of a method -> {group of its keys: the class that holds them}, a group before those in it
GROUPS = {
    f"{PIGGYBACK}.Piggyback": {
        "guider": f"{PIGGYBACK}.GuiderOptions",
        "learning": f"{PIGGYBACK}.LearningOptions",
        "hints": f"{PIGGYBACK}.HintOptions",
        "guidance": "colorlab.samplers.latent.Guidance",
        "guider.ablation": "colorlab.samplers.latent.AblationOptions",
        "latent": "colorlab.samplers.latent.LatentOptions",
    },
    f"{DIVCOLOR}.DivColor": {
        "losses": f"{DIVCOLOR}.LossOptions",
        "mdn": f"{DIVCOLOR}.MixtureOptions",
        "stages": f"{DIVCOLOR}.StageOptions",
        "net": f"{DIVCOLOR}.NetOptions",
    },
    f"{GPIC}.GPIC": {
        "learning": f"{GPIC}.LearningOptions", "embedding": f"{GPIC}.EmbeddingOptions",
    },
    CONSISTENCY: {},
    "colorlab.methods.cic.CIC": OF_CLASSES | {"net": "colorlab.methods.marginals.NetOptions"},
    "colorlab.methods.marginals.MarginalsMethod": WITH_TRUNK,
    f"{BASIS}.Basis": WITH_TRUNK | {
        "layer": f"{BASIS}.LayerOptions", "learning": f"{BASIS}.LearningOptions",
    },
    f"{PRIOR}.LatentPrior": OF_GUIDANCE | {
        "latent": f"{PRIOR}.LatentOptions", "net": f"{PRIOR}.NetOptions",
        "learning": f"{PRIOR}.LearningOptions",
    },
    FLATS: OF_AREAS | {"decoder": "colorlab.methods.flats.PaletteOptions"},
    FLATS_DIFFUSION: OF_AREAS | {"decoder": "colorlab.methods.area_options.DecoderOptions"},
    "colorlab.methods.pix2pix.Pix2Pix": OF_CRITIC | {"net": "colorlab.methods.pix2pix.NetOptions"},
    **{
        f"colorlab.methods.{name}": OF_CRITIC | {
            "net": f"colorlab.methods.{name.split('.')[0]}.NetOptions",
            "losses": f"colorlab.methods.{name.split('.')[0]}.LossOptions",
        }
        for name in ("msgan.MSGAN", "bicyclegan.BicycleGAN", "munit.MUNIT")
    },
    "colorlab.methods.cgan.CGAN": OF_CRITIC | OF_CLUSTER | {
        "net": "colorlab.methods.cgan.NetOptions",
    },
    "colorlab.methods.cvae.CVAE": OF_CLUSTER | {"net": "colorlab.methods.cvae.NetOptions"},
    "colorlab.methods.cinn.CINN": {
        "net": "colorlab.methods.cinn.NetOptions",
        "learning": "colorlab.methods.cinn.LearningOptions",
    },
    "colorlab.methods.latent_vae.LatentVAE": {"losses": "colorlab.methods.latent_vae.LossOptions"},
    "colorlab.methods.lightness_vae.LightnessVAE": OF_CRITIC | {
        "losses": "colorlab.methods.lightness_vae.LossOptions",
    },
    f"{CHROMAGAN}.ChromaGAN": OF_CRITIC | {
        "trunk": f"{CHROMAGAN}.TrunkOptions", "losses": f"{CHROMAGAN}.LossOptions",
    },
}  # fmt: skip


#: class of a node in an older run -> its name today
RENAMED = {
    "colorlab.methods.areas.ReadingOptions": "colorlab.methods.area_options.ReadingOptions",
    f"{PIGGYBACK}.LatentOptions": "colorlab.samplers.latent.LatentOptions",
    f"{PIGGYBACK}.AblationOptions": "colorlab.samplers.latent.AblationOptions",
}

#: class of a node -> keys that runs of older versions lack, with what was then the only way
ADDED: dict[str, dict[str, Any]] = {
    "colorlab.samplers.marginals.AnnealedMean": {"rebalanced": False},
    "colorlab.samplers.marginals.Mode": {"rebalanced": False},
    "colorlab.methods.area_options.ReadingOptions": {"trunk": "none"},
    f"{DIVCOLOR}.LossOptions": {"scale": "mean_one"},
    f"{GPIC}.GPIC": {"backend": "torch"},
    CONSISTENCY: {"backend": "torch"},
}


def upgraded(method: dict[str, Any]) -> dict[str, Any]:
    """The ``method`` part of a run's configuration; one of today is returned as it is."""
    target = str(method.get("_target_"))
    values = regrouped(method, target)
    if values is not method:
        for group, holder in GROUPS.get(target, {}).items():
            if group.split(".")[0] in values:
                values = merged(nested(group, {"_target_": holder}), values)
    return completed(values)


def completed(node: dict[str, Any]) -> dict[str, Any]:
    """The node with its class's name of today and the keys of ADDED that it lacks, in groups too;
    itself if neither is another."""
    groups = {key: completed(value) for key, value in node.items() if isinstance(value, dict)}
    if (was := node.get("_target_")) in RENAMED:
        node = node | {"_target_": RENAMED[was]}
    lacking = {
        key: value
        for key, value in ADDED.get(str(node.get("_target_")), {}).items()
        if key not in node
    }
    changed = lacking or any(groups[key] is not node[key] for key in groups)
    return lacking | node | groups if changed else node


def regrouped(values: dict[str, Any], target: str) -> dict[str, Any]:
    """Some values of a method, with those under an older key where they belong today. target: the
    method's class."""
    keys, groups = MOVED.get(target, {}), MOVED_GROUPS.get(target, {})
    older = {
        key: value
        for key, value in values.items()
        if key in (groups if isinstance(value, dict) else keys)
    }
    if not older:
        return values
    today = {key: value for key, value in values.items() if key not in older}
    for key, value in older.items():
        place = groups[key] if isinstance(value, dict) else keys[key]
        if place is not None:
            today = merged(today, nested(place, value))
    return today


def nested(place: str, value: Any) -> dict[str, Any]:
    """{"guider": {"every": 2}} of guider.every and 2."""
    group, _, inner = place.partition(".")
    return {group: nested(inner, value) if inner else value}


def place_today(key: str, target: str) -> str | None:
    """Where the value of an older key of a method is, such as guidance.text; None for a key that
    did not move."""
    group, _, inner = key.partition(".")
    if inner and (place := MOVED_GROUPS.get(target, {}).get(group)):
        return f"{place}.{inner}"
    return MOVED.get(target, {}).get(key)


def merged(node: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """The node with some values changed, also within groups."""
    both = {
        key: (node[key], value)
        for key, value in changed.items()
        if isinstance(value, dict) and key in node
    }
    return node | changed | {key: merged(old, new) for key, (old, new) in both.items()}
