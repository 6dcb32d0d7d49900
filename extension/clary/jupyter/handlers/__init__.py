"""The HTTP handlers of the Jupyter extension."""
