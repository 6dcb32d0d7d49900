"""Who may use this Clary: its keys, and the checking side of AWS's signatures. Standard library only."""

from clary.signing.credentials import Credentials, load_or_mint, verify_bearer
from clary.signing.v4 import (
    Authorization,
    SignatureError,
    authorization,
    signing_key,
    verify,
    verify_payload,
)

__all__ = [
    "Authorization",
    "Credentials",
    "SignatureError",
    "authorization",
    "load_or_mint",
    "signing_key",
    "verify",
    "verify_bearer",
    "verify_payload",
]
