"""Labeling: task types, the work of annotators, consolidation, active learning and certified automatic labels.

Knows no API shapes and no Jupyter; `clary.api` translates requests into `settings.JobSettings`, and hosts show the canvas.
"""
