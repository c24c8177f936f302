"""The studio in the browser: colour a drawing as a person would, on this machine alone."""
