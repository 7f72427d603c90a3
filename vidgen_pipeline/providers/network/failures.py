"""What can go wrong with one exchange, and the error a person gets for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    InvalidInput,
    NoSuchJob,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    ProviderRetired,
    ProviderUnavailable,
    RateLimited,
    ResultExpired,
    VidgenError,
)
from vidgen_pipeline.domain.text import it_says
from vidgen_pipeline.providers.network.addresses import ForbiddenAddress
from vidgen_pipeline.providers.wire import Phase, WireReply, WireRequest


class Loss(StrEnum):
    """Why there is no complete answer."""

    NO_CONNECTION = "no_connection"
    NO_TRUST = "no_trust"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    TOO_BIG = "too_big"
    UNREADABLE = "unreadable"
    FORBIDDEN = "forbidden"
    UNSENDABLE = "unsendable"


class Lost(Exception):
    """No complete answer came. `left` says whether any part of the request may have gone out."""

    def __init__(self, loss: Loss, *, left: bool, status: int | None = None) -> None:
        super().__init__(loss)
        self.loss = loss
        self.left = left
        self.status = status


@dataclass(frozen=True)
class Failure:
    """One try that failed. `final` ones are not tried again, whatever their class."""

    error: VidgenError
    may_have_arrived: bool
    final: bool = False


def failure_of_loss(lost: Lost, name: str) -> Failure:
    """The failure of a try that got no complete answer from the provider called `name`."""
    again = "Try again in a while."
    error: ProviderError
    match lost.loss:
        case Loss.NO_CONNECTION:
            error = ProviderDown(f"{name} could not be reached.", remedy="Check this machine's network and try again.")
        case Loss.NO_TRUST:
            error = ProviderDown(
                f"{name} could not be reached safely: what answers there can't prove that it is {name}.",
                remedy="Check the base URL and this machine's clock and network.",
            )
        case Loss.TIMEOUT:
            error = ProviderDown(f"{name} did not answer in time.", remedy=again)
        case Loss.BROKEN:
            error = ProviderDown(f"The connection to {name} broke off before its answer was complete.", remedy=again)
        case Loss.TOO_BIG:
            error = BadReply(f"{name} answered with more than it may send.", remedy=again)
        case Loss.UNREADABLE:
            error = BadReply(f"{name} answered in an encoding that can't be read.", remedy=again)
        case Loss.FORBIDDEN:
            error = ForbiddenAddress(f"{name} sent an address that does not lie on the public network.")
        case Loss.UNSENDABLE:
            error = ProviderError(f"The request to {name} could not be put together.")
    final = lost.loss in {Loss.NO_TRUST, Loss.TOO_BIG, Loss.FORBIDDEN, Loss.UNSENDABLE}
    return Failure(error, may_have_arrived=lost.left, final=final)


def failure_of_error(error: VidgenError) -> Failure:
    """The failure of a try that was answered, with an error."""
    if isinstance(error, ForbiddenAddress):
        return Failure(error, may_have_arrived=False, final=True)
    in_doubt = isinstance(error, BadReply) or (isinstance(error, ProviderDown) and not error.refused)
    return Failure(error, may_have_arrived=in_doubt)


@dataclass(frozen=True)
class Judge:
    """Says what is wrong with an answer of the provider called `name`.

    `kind_of` is the vendor's own reading: the class of its error, also of one wrapped in a 200, or None where there is
    none or the status says it all. `wait_of` finds the seconds that the vendor asks us to wait.
    """

    name: str
    kind_of: Callable[[WireReply], type[VidgenError] | None]
    wait_of: Callable[[WireReply], float | None] = WireReply.retry_after

    def error_in(self, reply: WireReply, request: WireRequest) -> VidgenError | None:
        """The error that the answer is, or None for a good one. An address handed out is judged by its status alone."""
        kind = None if request.url else self.kind_of(reply)
        kind = kind or kind_of_status(reply.status, request)
        if kind is None:
            return None
        if kind is NoSuchJob and request.phase is Phase.SUBMIT:  # what is missing is a model or a path
            kind = ProviderError
        error = error_of_kind(kind, reply, self.name)
        if isinstance(error, RateLimited):
            error.retry_after = self.wait_of(reply)
        return error


def kind_of_status(status: int, request: WireRequest) -> type[VidgenError] | None:
    """What a status means with most vendors."""
    if status < 300:
        return None
    if request.url and status in {401, 403, 404, 410}:
        return ResultExpired
    if status < 400:
        return BadReply
    if status == 404 and request.phase is Phase.POLL:
        return NoSuchJob
    if status in {408, 425} or status >= 500:
        return ProviderDown
    return {401: AuthFailed, 403: AuthFailed, 402: OutOfCredit, 429: RateLimited}.get(status, ProviderError)


def error_of_kind(kind: type[VidgenError], reply: WireReply, name: str) -> VidgenError:
    """The error of this class, with what the vendor says in its answer."""
    says = it_says(reply.problem()) or f" (HTTP {reply.status})"
    sentence, remedy = next((words for known, words in _SENTENCES.items() if issubclass(kind, known)), _ANY)
    return kind(sentence.format(name=name) + says, remedy=remedy.format(name=name))


_SENTENCES: dict[type[VidgenError], tuple[str, str]] = {
    AuthFailed: ("{name} does not accept the key.", "Check the key you set up for {name}."),
    OutOfCredit: ("Your {name} account has no credit left.", "Top it up at {name}, or choose another provider."),
    RateLimited: ("{name} gets too many requests from this account.", "Wait a while and try again."),
    ContentRejected: ("{name} won't make this.", "Change its wording or its picture."),
    ProviderRetired: ("{name} no longer offers this.", "Choose another model or provider."),
    ProviderUnavailable: (
        "Your {name} account does not include this.",
        "Choose something else, or another plan there.",
    ),
    NoSuchJob: ("{name} does not know the job.", "Generate again later, or choose another provider."),
    ResultExpired: ("A file of {name} is no longer where it said.", ""),
    ProviderDown: ("{name} has trouble of its own.", "Try again later."),
    InvalidInput: ("{name} can't work with this.", "Change what it is given."),
    BadReply: ("{name} answered with something it does not promise.", "Try again later."),
}
_ANY = ("{name} refused the request.", "")
