"""How the endpoint shall answer: the digit and how sure the model is, instead of ten raw scores.

The four functions are SageMaker's contract. Only what differs from the default is needed; here that is
loading the model, because there is code beside it now, and the answer's form.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime


def model_fn(model_dir):
    """Called once, when the endpoint starts."""
    return onnxruntime.InferenceSession(Path(model_dir) / "model.onnx")


def input_fn(body, content_type):
    """The request's body as an array of images, (n, 64)."""
    if content_type != "application/json":
        raise ValueError(f"Send the pixels as application/json, not as {content_type}.")
    return np.atleast_2d(np.array(json.loads(body), dtype=np.float32))


def predict_fn(images, session):
    """A probability for each digit and image, (n, 10)."""
    (scores,) = session.run(None, {"pixels": images})
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def output_fn(probabilities, accept):
    """The answer's body."""
    rows = [{"digit": int(row.argmax()), "confidence": round(float(row.max()), 4)} for row in probabilities]
    return json.dumps(rows), "application/json"
