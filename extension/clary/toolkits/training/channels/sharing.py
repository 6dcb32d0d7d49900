"""Which items of a channel reach a host, and in which order: ShardedByS3Key and ShuffleConfig."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from clary.toolkits.training.channels.errors import DataError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Share:
    """Every ``count``-th item, beginning with number ``index``: what one of ``count`` hosts gets."""

    index: int = 0
    count: int = 1

    @classmethod
    def of(cls, host: str, hosts: Sequence[str], *, sharded: bool) -> Share:
        """The share of ``host`` among ``hosts``; all of it unless the data is sharded."""
        return cls(hosts.index(host), len(hosts)) if sharded else cls()

    def check(self, number: int, uri: str) -> None:
        """Raises DataError when there are fewer items than hosts, so that some would get none."""
        if number < self.count:
            raise DataError(
                f'The data at "{uri}" is to be sharded by S3 key over {self.count} instances, and there are only {number}'
                f" object(s): some instances would not get any data. Don't choose more instances than there are objects, or"
                " use S3DataDistributionType FullyReplicated."
            )


@dataclass(frozen=True)
class Order:
    """What a host gets, and in which order: its share of the items, which are shuffled first where there is a seed."""

    share: Share
    seed: int | None = None

    def of(self, items: Sequence[Item], epoch: int = 0) -> Sequence[Item]:
        """The host's items in this epoch (from 0). They are shuffled before they are shared out, each epoch anew, so that
        what one host gets in the first epoch another may get in the second."""
        if self.seed is not None:
            items = list(items)
            random.Random(f"{self.seed}/{epoch}").shuffle(items)
        return items if self.share.count == 1 else items[self.share.index :: self.share.count]
