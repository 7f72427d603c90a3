"""Errors that speak to a person: what failed, why, and what to do about it.

Every error the product raises on purpose is a `VidgenError`. Its text is safe to show and to store: it never holds a
key, a signed URL or another user's data. `exit_code` is what the command line ends with.
"""

from __future__ import annotations

import errno
import re
from typing import ClassVar

_IN_BRACKETS = re.compile(r" \(vidgen [^)]*\)")
_OF_THE_COMMAND_LINE = re.compile(r"\bvidgen [a-z]|(?<!\w)--[a-z]")
_OF_THIS_MACHINE = re.compile(r"\bVIDGEN_[A-Z]")
_BETWEEN_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z])")


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

    def told_from_afar(self) -> str:
        """All it says to somebody who has no command line here."""
        return f"{self.message} {remedy_from_afar(self.remedy)}".strip()


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


class StaleVersion(Conflict):
    """Somebody changed the video since the person last saw it."""

    code = "stale_version"


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


class TimedOut(VidgenError):
    """A generation made no progress for too long."""

    code = "timed_out"


class WorkerLost(VidgenError):
    """The program that made a video ended without a word."""

    code = "worker_lost"


class OverBudget(VidgenError):
    """It would cost more than a budget allows. Nothing was spent."""

    code = "over_budget"
    exit_code = 2


class Paused(VidgenError):
    """The operator has paused generation: nothing new is started and nothing is paid for."""

    code = "paused"


class ProviderError(VidgenError):
    """A provider could not do its step. Subclasses say whether trying again can help."""

    code = "provider_error"


class ProviderUnavailable(ProviderError):
    """The provider can't be used here: not installed, retired, or it has no key."""

    code = "provider_unavailable"
    exit_code = 2


class BadReply(ProviderError):
    """The provider answered with something that is not what it promises."""

    code = "bad_reply"


class NoSuchJob(ProviderError):
    """The provider does not know the job it is asked about: not yet, not any more, or it never did."""

    code = "no_such_job"


class AuthFailed(ProviderError):
    """The provider does not know the key, or the key may not do this."""

    code = "auth_failed"


class OutOfCredit(ProviderError):
    """The account has no money, credit or quota left. Waiting does not help."""

    code = "out_of_credit"


class RateLimited(ProviderError):
    """Too many requests for now; nothing was made. `retry_after` is in seconds, None when the provider does not say."""

    code = "rate_limited"

    def __init__(
        self, message: str, *, remedy: str = "", provider: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, remedy=remedy, provider=provider)
        self.retry_after = retry_after


class ContentRejected(ProviderError):
    """The provider won't work on this text or picture. The same again is rejected again."""

    code = "content_rejected"


class ResultExpired(ProviderError):
    """What a provider made is no longer where it said. Asking for the job again may give a new address."""

    code = "result_expired"


class ProviderRetired(ProviderUnavailable):
    """The provider, or the model, has ended. No request is made."""

    code = "provider_retired"


class ProviderDown(ProviderError):
    """The provider can't be reached, or says that it is broken.

    `refused` says that it surely did nothing with the request, so that even a paid one may be sent again.
    """

    code = "provider_down"

    def __init__(self, message: str, *, remedy: str = "", provider: str | None = None, refused: bool = False) -> None:
        super().__init__(message, remedy=remedy, provider=provider)
        self.refused = refused


class SubmitUnknown(ProviderError):
    """A paid request went out and its answer was lost: it may have been charged. Never sent again without a person.

    `reference` is the number of the call in our ledger.
    """

    code = "submit_unknown"

    def __init__(self, message: str, *, remedy: str = "", provider: str | None = None, reference: str = "") -> None:
        super().__init__(message, remedy=remedy, provider=provider)
        self.reference = reference


def remedy_from_afar(remedy: str) -> str:
    """The remedy without the commands that stand in brackets in it; nothing where it is about commands otherwise.

    Sentences about this machine's own settings are left out.
    """
    remedy = _IN_BRACKETS.sub("", remedy)
    if _OF_THE_COMMAND_LINE.search(remedy):
        return ""
    return " ".join(part for part in _BETWEEN_SENTENCES.split(remedy) if not _OF_THIS_MACHINE.search(part))


def storage_error(error: OSError, path: object) -> VidgenError:
    """The person's sentence for an operating-system error met while writing to `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(f"There is no space left to write {path}.", remedy="Free some space and try again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InvalidInput(f"{path} can't be written: {error.strerror}.", remedy="Choose a folder you may write to.")
    return InvalidInput(f"{path} can't be written: {error.strerror or error}.", remedy="Choose another place.")


def exit_code_of(code: str | None) -> int:
    """The exit code of the error whose stable code this is; 1 for one that has no class of its own."""
    kinds = [VidgenError]
    for kind in kinds:
        if kind.code == code:
            return kind.exit_code
        kinds += kind.__subclasses__()
    return VidgenError.exit_code
