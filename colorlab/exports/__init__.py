"""Colourings as files for drawing programs: layers, palettes, outlines."""
