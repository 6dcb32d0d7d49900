"""Ground Truth's worker templates: Liquid, then ``crowd-*`` elements, then what a canvas shows.

`liquid` renders, `elements` finds the one element that asks for an answer, `page` reads what it says, `form` does so for the
objects of a job; `sanitize` makes HTML of others harmless. Nothing of a template ever reaches a browser as it is.
"""

from clary.labeling.templates.form import form
from clary.labeling.templates.liquid import TemplateError, render
from clary.labeling.templates.page import Page, interpret, task_of

__all__ = ["Page", "TemplateError", "form", "interpret", "render", "task_of"]
