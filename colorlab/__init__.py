"""colorlab: one drawing or grayscale photograph in, many different, coherent colourings out."""

__version__ = "0.1.0"
