"""Hydra's launcher for sweeps that lose nothing: hydra/launcher=colorlab. See docs/sweeps.md."""
