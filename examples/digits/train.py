"""Train a small convolutional network on 8x8 images of handwritten digits.

A plain PyTorch script: SageMaker passes the hyperparameters as arguments and tells by environment variables
where the data is and where the model shall go. It prints one line per epoch; the training job's metric
definitions find the numbers in it.
"""

import argparse
import logging
import os
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn


class DigitNet(nn.Module):
    """Raw pixels in, (n, 64) with values 0 to 16; one score per digit out, (n, 10)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.25),
            nn.Linear(2 * width * 4 * 4, 10),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        # Scaling is part of the model, so that whoever invokes it sends pixels as they are.
        return self.layers(pixels.reshape(-1, 1, 8, 8) / 16.0)


def read(folder: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (n, 64) and labels (n,) of the CSV files of one channel; the label is the first column."""
    tables = [
        np.loadtxt(path, delimiter=",", dtype=np.float32) for path in sorted(Path(folder).glob("*.csv"))
    ]
    rows = np.concatenate(tables)
    return torch.from_numpy(rows[:, 1:].copy()), torch.from_numpy(rows[:, 0].astype(np.int64))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--test", default=os.environ.get("SM_CHANNEL_TEST"))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR", "."))
    options = parser.parse_args()

    torch.manual_seed(7)
    # A network this small is done before threads have shared the work; on a busy machine they would only wait.
    torch.set_num_threads(1)
    images, labels = read(options.train)
    test_images, test_labels = read(options.test)
    network = DigitNet(options.width)
    optimizer = torch.optim.Adam(network.parameters(), lr=options.learning_rate)
    steps = -(-len(images) // options.batch_size) * options.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.learning_rate, total_steps=steps)

    for epoch in range(1, options.epochs + 1):
        network.train()
        total = 0.0
        for batch in torch.randperm(len(images)).split(options.batch_size):
            loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        network.eval()
        with torch.no_grad():
            accuracy = (network(test_images).argmax(1) == test_labels).float().mean().item()
        print(f"epoch={epoch} loss={total / len(images):.4f} accuracy={accuracy:.4f}", flush=True)

    # ONNX holds the network without its Python code: an endpoint can serve it from this file alone. What the
    # exporter says about packages that are not installed is of no use in this job's log.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    warnings.simplefilter("ignore", FutureWarning)
    torch.onnx.export(
        network,
        (torch.zeros(2, 64),),
        Path(options.model_dir) / "model.onnx",
        input_names=["pixels"],
        output_names=["scores"],
        dynamic_shapes={"pixels": {0: torch.export.Dim("images")}},
        external_data=False,
        verbose=False,
    )


if __name__ == "__main__":
    main()
