"""Errors that speak to a person: what failed, why, and what to do about it.

Every error the product raises on purpose is a `VidgenError`. Its text is safe to show and to store: it never holds a
key, a signed URL or another user's data. `exit_code` is what the command line ends with.
"""

from __future__ import annotations

import errno
from typing import ClassVar


class VidgenError(Exception):
    """A failure with a sentence for the person, a stable code for programs and, where there is one, a remedy."""

    code: ClassVar[str] = "internal_error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "", provider: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.provider = provider

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class InvalidInput(VidgenError):
    """What the person gave cannot be used; nothing was changed."""

    code = "invalid_input"
    exit_code = 2


class MediaRejected(InvalidInput):
    """A picture or clip is unreadable, empty, truncated or not what its name says."""

    code = "media_rejected"


class StorageFull(InvalidInput):
    """A disk the product writes to has no space left."""

    code = "storage_full"


class MissingTool(VidgenError):
    """The machine lacks something the product needs (ffmpeg, a font folder, an account for Postgres)."""

    code = "missing_tool"


class Conflict(VidgenError):
    """The video is not in a state that allows this."""

    code = "conflict"


class NotFound(VidgenError):
    """No such thing, or not this user's: the two look the same from outside."""

    code = "not_found"
    exit_code = 2


class RenderFailed(VidgenError):
    """The renderer ran and could not make a correct file."""

    code = "render_failed"


class Cancelled(VidgenError):
    """The person asked for the work to stop."""

    code = "cancelled"
    exit_code = 130


class ProviderError(VidgenError):
    """A provider could not do its step. Subclasses say whether trying again can help."""

    code = "provider_error"


class ProviderUnavailable(ProviderError):
    """The provider can't be used here: not installed, retired, or it has no key."""

    code = "provider_unavailable"


class BadReply(ProviderError):
    """The provider answered with something that is not what it promises."""

    code = "bad_reply"


def storage_error(error: OSError, path: object) -> VidgenError:
    """The person's sentence for an operating-system error met while writing to `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(f"There is no space left to write {path}.", remedy="Free some space and try again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InvalidInput(f"{path} can't be written: {error.strerror}.", remedy="Choose a folder you may write to.")
    return InvalidInput(f"{path} can't be written: {error.strerror or error}.", remedy="Choose another place.")
