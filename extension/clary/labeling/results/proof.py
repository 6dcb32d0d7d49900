"""The certificate of the automatic labels, in words and as a picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clary.labeling.work import Work


def certificate(work: Work) -> dict[str, Any] | None:
    """{metadata, words, curve, epsilon}. metadata: as in the manifest; words: sentences; curve: [{share, bound}], the bound of
    the error if the machine labels that share of all objects, the most confident first. None where there is none."""
    metadata = work.fact("certificate")
    if not metadata:
        return None
    from clary.labeling.active.certificate import Certificate

    found = Certificate.from_metadata(metadata)
    curve = work.fact("curve") or [{"share": found.share_auto, "bound": found.upper_bound}]
    return {
        "metadata": metadata,
        "words": re.split(r"(?<=[.])\s+(?=[A-Z])", found.words()),
        "curve": curve,
        "epsilon": found.epsilon,
    }
