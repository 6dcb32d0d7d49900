"""Object storage on this machine: buckets are folders that a person can open, objects are the files in them.

Nothing here knows HTTP; `clary.api.s3` puts S3's REST interface on top.
"""

from clary.objects.bucket_store import Objects
from clary.objects.errors import ObjectsError
from clary.objects.incoming import Source
from clary.objects.info import Bucket, Listing, ObjectInfo, Opened
from clary.objects.locations import Location, parse_s3
from clary.objects.multipart import Part, Upload
from clary.objects.side import Properties

__all__ = [
    "Bucket",
    "Listing",
    "Location",
    "ObjectInfo",
    "Objects",
    "ObjectsError",
    "Opened",
    "Part",
    "Properties",
    "Source",
    "Upload",
    "parse_s3",
]
