"""The panel as ipywidgets, made only where a front end looks at them."""
