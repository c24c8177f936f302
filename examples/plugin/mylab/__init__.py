"""A plug-in of colorlab: one method of our own."""
