"""The API engine: the wire, the two doors to it, and what answers them. `clary.api.engine.Engine` is the way
in.
"""
