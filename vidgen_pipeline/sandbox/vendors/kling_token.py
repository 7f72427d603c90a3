"""Kling's signed tokens, read as the vendor reads them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    """Whose it is, from when to when it is good (Unix seconds), and how it is signed."""

    access_key: str
    begins: int
    ends: int
    signed: bytes
    signature: bytes

    @classmethod
    def read(cls, text: str) -> Token | None:
        """The token that the text is, if it is one."""
        try:
            head, claims, signature = (part.encode() for part in text.split("."))
            told, header = (json.loads(base64.urlsafe_b64decode(part + b"==")) for part in (claims, head))
            if header != {"alg": "HS256", "typ": "JWT"}:
                return None
            signed = base64.urlsafe_b64decode(signature + b"==")
            return cls(str(told["iss"]), int(told["nbf"]), int(told["exp"]), head + b"." + claims, signed)
        except (ValueError, KeyError, TypeError, binascii.Error):
            return None

    @property
    def genuine(self) -> bool:
        """Whether it is signed with the secret key that belongs to its access key here."""
        proper = hmac.new(f"{self.access_key}-secret".encode(), self.signed, hashlib.sha256).digest()
        return hmac.compare_digest(proper, self.signature)
