"""Input channels: what InputDataConfig names, brought to ``/opt/ml/input/data/<channel>`` (contracts section 1).

``sources`` finds the objects, ``manifests`` and ``augmented`` read the two kinds of manifest, ``sharing`` says which host gets
which. Then a mode decides: File (``copying``, ``overlay``), FastFile (``fastfile``), Pipe (``pipes``, ``streams``,
``recordio``). ``bringing`` does all of it for a CreateTrainingJob request; nothing else here knows one.
"""

from clary.toolkits.training.channels.bringing import bring
from clary.toolkits.training.channels.copying import copy_file
from clary.toolkits.training.channels.errors import DataError
from clary.toolkits.training.channels.pipes import Pipe, Pipes
from clary.toolkits.training.channels.sharing import Order, Share
from clary.toolkits.training.channels.sources import Found, Source, find

__all__ = ["DataError", "Found", "Order", "Pipe", "Pipes", "Share", "Source", "bring", "copy_file", "find"]
