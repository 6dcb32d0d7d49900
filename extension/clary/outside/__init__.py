"""For programs that are not Clary's: what AWS's SDKs need beside boto3's own variables to find it."""
