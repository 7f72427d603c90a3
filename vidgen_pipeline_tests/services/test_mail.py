"""Notices by e-mail, at a mail server on this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.notifications import Undelivered
from vidgen_pipeline.services.mail import checked_address, mail_server, send_mail
from vidgen_pipeline_tests.services.smtp_double import MailDouble, mail_double

PASSWORD = "p@ss word:4711"
QUOTED = "p%40ss%20word%3A4711"


@pytest.fixture(autouse=True)
def _sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIDGEN_SMTP_URL", raising=False)
    monkeypatch.setenv("VIDGEN_SMTP_FROM", "Vidgen <vidgen@example.org>")


Env = Callable[[str], None]


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Env:
    return lambda written: monkeypatch.setenv("VIDGEN_SMTP_URL", written)


def send(subject: str = "“Bees” is ready", *, to: str = "me@example.org", seconds: float = 5) -> Awaitable[None]:
    return send_mail(to, subject, "It is 42 s long.\nÄpfel ✓\n.\nend", message_id="n-1", deadline_seconds=seconds)


def at_double(
    url: Env, work: Callable[[MailDouble], Awaitable[None]], *, scheme: str = "smtp", **how: object
) -> MailDouble:
    async def run() -> MailDouble:
        async with mail_double(**how) as double:  # type: ignore[arg-type]
            url(f"{scheme}://me:{QUOTED}@127.0.0.1:{double.port}")
            await work(double)
            return double

    return asyncio.run(run())


def certificate(*, trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if trusted:
        file = tmp_path / "authority.pem"
        authority.cert_pem.write_to_path(str(file))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return context


def test_the_message_arrives_whole(url: Env):
    double = at_double(url, lambda _: send())
    [message] = double.messages
    assert message["Subject"] == "“Bees” is ready"
    assert message["From"] == "Vidgen <vidgen@example.org>"
    assert (message["To"], double.recipients) == ("me@example.org", ["TO:<me@example.org>"])
    assert message["Message-ID"] == "<n-1@example.org>"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == ["It is 42 s long.", "Äpfel ✓", ".", "end"]
    assert double.logins == [("me", PASSWORD)]


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\n", "\x0b", "\u2028", "\x85", "\0"])
def test_a_title_with_line_breaks_adds_no_header(url: Env, break_: str):
    double = at_double(url, lambda _: send(f"Bees{break_}Bcc: all@example.org{break_}{break_}<b>body</b>"))
    [message] = double.messages
    assert message["Subject"] == "Bees Bcc: all@example.org <b>body</b>"
    assert message["Bcc"] is None
    assert double.recipients == ["TO:<me@example.org>"]
    assert message.get_content().startswith("It is 42 s long.")


def test_a_very_long_title_is_cut(url: Env):
    [message] = at_double(url, lambda _: send("ß" * 5000)).messages
    assert message["Subject"] == "ß" * 149 + "…"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_connection_is_encrypted_where_the_server_can(
    url: Env, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tls = certificate(trusted=True, tmp_path=tmp_path, monkeypatch=monkeypatch)
    double = at_double(url, lambda _: send(), scheme=scheme, tls=tls, tls_from_the_start=scheme == "smtps")
    assert len(double.messages) == 1
    assert double.encrypted or scheme == "smtps"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_can_not_prove_who_it_is_gets_neither_password_nor_mail(
    url: Env, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tls = certificate(trusted=False, tmp_path=tmp_path, monkeypatch=monkeypatch)

    async def work(_: MailDouble) -> None:
        with pytest.raises(Undelivered, match="can't prove who it is"):
            await send()

    double = at_double(url, work, scheme=scheme, tls=tls, tls_from_the_start=scheme == "smtps")
    assert (double.logins, double.messages) == ([], [])


def test_a_password_must_not_leave_this_machine_in_the_clear(url: Env):
    url("smtp://me:secret@mail.example.org")
    server = mail_server()
    assert server is not None
    assert server.must_encrypt
    assert "secret" not in repr(server)
    url("smtp://me:secret@127.0.0.1:25")
    server = mail_server()
    assert server is not None
    assert not server.must_encrypt


@pytest.mark.parametrize(
    ("how", "final", "phrase"),
    [
        ({"refuse_recipient": "550 5.1.1 no such user"}, True, "refused the recipient .550 5.1.1 no such user"),
        ({"refuse_recipient": "450 greylisted"}, False, "refused the recipient .450"),
        ({"refuse_data": "554 spam"}, False, "refused the message .554 spam"),
    ],
)
def test_a_refusal_says_what_the_server_said(url: Env, how: dict[str, str], final: bool, phrase: str):
    async def work(_: MailDouble) -> None:
        with pytest.raises(Undelivered, match=phrase) as caught:
            await send()
        assert caught.value.final is final

    assert at_double(url, work, **how).messages == []


def test_a_server_that_says_nothing_is_given_up_on(url: Env):
    async def work(_: MailDouble) -> None:
        async with asyncio.timeout(30):
            with pytest.raises(Undelivered, match=r"not done within 0\.2 s"):
                await send(seconds=0.2)

    at_double(url, work, silent=True)


def test_without_a_server_it_says_what_to_set():
    with pytest.raises(Undelivered, match="VIDGEN_SMTP_URL"):
        asyncio.run(_now())


async def _now() -> None:
    await send()


@pytest.mark.parametrize("written", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://a:secret@b:x"])
def test_an_address_that_names_no_server_is_refused_without_showing_it(url: Env, written: str):
    url(written)
    with pytest.raises(InvalidInput, match="VIDGEN_SMTP_URL") as caught:
        mail_server()
    assert "secret" not in str(caught.value)


def test_mail_without_a_sender_is_refused(url: Env, monkeypatch: pytest.MonkeyPatch):
    url("smtp://mail.example.org")
    monkeypatch.setenv("VIDGEN_SMTP_FROM", "")
    with pytest.raises(InvalidInput, match="VIDGEN_SMTP_FROM"):
        mail_server()


@pytest.mark.parametrize(
    "written",
    [
        "",
        "me",
        "me@",
        "@example.org",
        "a@b, c@d",
        "a@b\nBcc: c@d",
        "a@b\r\n",
        "A <a@b>",
        "a b@c",
        "a@b;c@d",
        "x" * 300 + "@b",
    ],
)
def test_what_is_not_one_address_is_refused(written: str):
    if written == "a@b\r\n":  # spaces around it are cut off
        assert checked_address(written) == "a@b"
        return
    with pytest.raises(InvalidInput):
        checked_address(written)
