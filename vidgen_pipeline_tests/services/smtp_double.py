"""A mail server on a loopback port: it speaks enough SMTP to take mail in, or to refuse it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class MailDouble:
    """What came in, and how the server behaves."""

    port: int = 0
    tls: ssl.SSLContext | None = None
    refuse_recipient: str = ""
    refuse_data: str = ""
    silent: bool = False
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            if self.silent:
                await reader.read()
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 mail.example.test ready")
        while line := (await reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            await say(self._answer(verb.upper(), rest))
            if verb.upper() == "STARTTLS":
                await writer.start_tls(self.tls)
                self.encrypted = True
            elif verb.upper() == "DATA":
                await say(self._take(await reader.readuntil(b"\r\n.\r\n")))

    def _answer(self, verb: str, rest: str) -> str:
        match verb:
            case "EHLO":
                offers = ["mail.example.test", "AUTH PLAIN", *(["STARTTLS"] if self.tls and not self.encrypted else [])]
                return "\r\n".join([*(f"250-{offer}" for offer in offers), "250 8BITMIME"])
            case "AUTH":
                _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
                self.logins.append((user, password))
                return "235 welcome"
            case "RCPT":
                self.recipients.append(rest)
                return self.refuse_recipient or "250 fine"
        return {"DATA": "354 go on", "STARTTLS": "220 go on", "QUIT": "221 bye"}.get(verb, "250 fine")

    def _take(self, content: bytes) -> str:
        if self.refuse_data:
            return self.refuse_data
        self.messages.append(message_from_bytes(content[:-3].replace(b"\r\n..", b"\r\n."), policy=default))
        return "250 taken"


@contextlib.asynccontextmanager
async def mail_double(
    *, tls: ssl.SSLContext | None = None, tls_from_the_start: bool = False, **behaviour: object
) -> AsyncIterator[MailDouble]:
    double = MailDouble(tls=None if tls_from_the_start else tls, **behaviour)  # type: ignore[arg-type]
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0, ssl=tls if tls_from_the_start else None)
    double.port = server.sockets[0].getsockname()[1]
    try:
        yield double
    finally:
        server.close()
