"""What is looked at: HTML and SVG without a script, the same in the live panel and in a saved notebook."""
