"""Inside a model's worker process: SageMaker's inference contract, by handler functions or by the model file alone."""
