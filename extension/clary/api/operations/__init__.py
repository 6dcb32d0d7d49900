"""SageMaker's operations, a family per file. `clary.api.registry` says which module offers which operation."""
