"""Notices by e-mail, in plain text, over the operator's mail server.

`VIDGEN_SMTP_URL` names it: `smtps://user:password@host:port` (encrypted from the start) or `smtp://…` (encrypted by
STARTTLS). Where a password would otherwise go over the network in the clear, nothing is sent.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import localtime, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
import certifi

from vidgen_pipeline.domain.errors import InvalidInput, MissingTool
from vidgen_pipeline.domain.notifications import Undelivered
from vidgen_pipeline.domain.text import one_line

URL_VARIABLE, FROM_VARIABLE = "VIDGEN_SMTP_URL", "VIDGEN_SMTP_FROM"
DEADLINE_SECONDS = 10.0
LONGEST_ADDRESS = 254
LONGEST_SUBJECT = 150


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed in, and whom it is from."""

    host: str
    port: int
    sender: Address
    tls_from_the_start: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def must_encrypt(self) -> bool:
        """Whether a connection in the clear would give a password away."""
        return self.password is not None and not _is_this_machine(self.host)


def mail_server() -> MailServer | None:
    """The server that the environment names, or None. Raises InvalidInput for one that can't be meant."""
    written = os.environ.get(URL_VARIABLE, "").strip()
    if not written:
        return None
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        raise _bad_url() from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise _bad_url()
    return MailServer(
        host=parts.hostname,
        port=port or (465 if parts.scheme == "smtps" else 587),
        sender=_sender(parts.hostname),
        tls_from_the_start=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def checked_address(written: str) -> str:
    """The one e-mail address that is written there. Raises InvalidInput."""
    text = written.strip()
    try:
        if not text.isprintable() or " " in text or len(text) > LONGEST_ADDRESS:
            raise ValueError
        address = Address(addr_spec=text)
        if not address.username or not address.domain:
            raise ValueError
    except (ValueError, IndexError, HeaderParseError):  # the standard library raises each of them
        raise InvalidInput(
            f"'{one_line(written, 100)}' is not an e-mail address.", remedy="Write it like name@example.org."
        ) from None
    return address.addr_spec


async def send_mail(
    to: str, subject: str, body: str, *, message_id: str, deadline_seconds: float = DEADLINE_SECONDS
) -> None:
    """Hand a message in. `message_id` is the same each time the same message is sent. Raises Undelivered."""
    try:
        server = mail_server()
        if server is None:
            raise MissingTool("E-mail is not set up.", remedy=f"Name a mail server in {URL_VARIABLE}.")
        message = _message(server, to, subject, body, message_id)
    except (InvalidInput, MissingTool) as error:
        raise Undelivered(str(error)) from None
    try:
        async with asyncio.timeout(deadline_seconds):
            await _hand_in(server, message, deadline_seconds)
    except aiosmtplib.SMTPRecipientsRefused as error:
        first = error.recipients[0]
        raise Undelivered(f"The mail server refused the recipient ({_said(first)}).", final=first.code >= 500) from None
    except aiosmtplib.SMTPAuthenticationError as error:
        raise Undelivered(f"The mail server does not accept the user and password ({error.code}).") from None
    except aiosmtplib.SMTPResponseException as error:
        raise Undelivered(f"The mail server refused the message ({_said(error)}).") from None
    except TimeoutError:
        raise Undelivered(f"The mail server was not done within {deadline_seconds:g} s.") from None
    except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError) as error:
        trust = isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
        raise Undelivered(_NO_TRUST if trust else "The mail server could not be reached, or broke off.") from None
    except (aiosmtplib.SMTPException, ValueError) as error:  # such as one that offers no encryption
        raise Undelivered(f"The mail server can't be used: {one_line(str(error), 200)}") from None


async def _hand_in(server: MailServer, message: EmailMessage, deadline_seconds: float) -> None:
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls_from_the_start,
        start_tls=False if server.tls_from_the_start else (True if server.must_encrypt else None),
        username=server.user,
        password=server.password,
        tls_context=_tls(),
        local_hostname=server.sender.domain,
        timeout=deadline_seconds,
    )
    async with client:
        await client.send_message(message)


def _message(server: MailServer, to: str, subject: str, body: str, message_id: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = server.sender
    message["To"] = Address(addr_spec=checked_address(to))
    message["Subject"] = one_line(subject, LONGEST_SUBJECT)
    message["Date"] = localtime()
    message["Message-ID"] = f"<{message_id}@{server.sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message


def _sender(host: str) -> Address:
    name, address = parseaddr(os.environ.get(FROM_VARIABLE, "").strip())
    try:
        spec = Address(addr_spec=checked_address(address))
    except InvalidInput:
        raise InvalidInput(
            f"{FROM_VARIABLE} does not name whom mail is from.", remedy=f"For example: vidgen@{host}"
        ) from None
    return Address(display_name=one_line(name, 100), username=spec.username, domain=spec.domain)


def _tls() -> ssl.SSLContext:
    """The machine's own authorities, among them an organisation's, and the usual ones where it has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return one_line(f"{error.code} {error.message}", 200)


def _bad_url() -> InvalidInput:
    return InvalidInput(
        f"{URL_VARIABLE} does not name a mail server.", remedy="Write it like smtps://user:password@host:465."
    )


_NO_TRUST = "The mail server can't prove who it is: its certificate is not valid for its name."
