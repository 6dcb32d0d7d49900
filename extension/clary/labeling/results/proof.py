"""The certificate of the automatic labels, in words and as a picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clary.labeling.active.certificate import Certificate
    from clary.labeling.results.look import Look
    from clary.labeling.work import Work

_LEVELS = 40


def certificate(work: Work, look: Look) -> dict[str, Any] | None:
    """{metadata, words, curve, epsilon}. metadata: as in the manifest; words: sentences; curve: [{share, bound, expected}] by
    share: if the machine labels that share of all objects, the surest first, at most so much is wrong, and so much is what the
    model expects (None beyond what it labelled). None where there is no certificate."""
    metadata = work.fact("certificate")
    if not metadata:
        return None
    from clary.labeling.active.certificate import Certificate

    found = Certificate.from_metadata(metadata)
    return {
        "metadata": metadata,
        "words": re.split(r"(?<=[.])\s+(?=[A-Z])", found.words()),
        "curve": work.fact("curve") or _proven(found, look),
        "epsilon": found.epsilon,
    }


def _proven(found: Certificate, look: Look) -> list[dict[str, Any]]:
    """What one audit of the whole proves of every other share, too: of fewer labels no more are wrong than of all, nor than there
    are; of more labels, those beyond might all be."""
    sure = sorted((look.verdicts[thing].confidence for thing in look.machine), reverse=True)
    total, automatic = max(1, found.total), found.automatic
    of = total if found.scope == "dataset" else max(1, automatic)
    wrong = found.upper_bound * of
    counts = {round(step * total / _LEVELS) for step in range(1, _LEVELS + 1)} | {automatic}
    curve = []
    for count in sorted(one for one in counts if one > 0):
        most = min(count, wrong) if count <= automatic else wrong + count - automatic
        base = total if found.scope == "dataset" else count
        expected = sum(1 - one for one in sure[:count]) / base if count <= len(sure) else None
        curve.append({"share": count / total, "bound": min(1.0, most / base), "expected": expected})
    return curve
