"""Addresses a vendor hands out: every spelling of places that are nobody's business, with a resolver of our own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpcore
import pytest

from vidgen_pipeline.domain.errors import BadReply, ProviderDown
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.network.addresses import check_address, is_public, origin_of
from vidgen_pipeline.providers.network.failures import Judge, Lost
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.pool import PublicOnly
from vidgen_pipeline.providers.network.records import WorkContext
from vidgen_pipeline.providers.wire import BEARER, Credentials
from vidgen_pipeline_tests.providers.vendor_double import FakeTime, Kept, answers, vendor


def _listed(addresses: str) -> list[str]:
    return addresses.split()


NOT_PUBLIC = _listed("""
127.0.0.1 127.1.2.3 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
100.64.0.1 100.127.255.255 192.0.0.8 192.0.0.170 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
192.88.99.1 192.31.196.1 192.52.193.1 192.175.48.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
::1 :: ::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::1
64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
2002:7f00:1:: 2002:a9fe:a9fe:: 2002:808:808:: 2620:4f:8000::1 3fff::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1
fe80::1%eth0 febf::1 fec0::1 ff02::1 ff0e::1 4000::1 e000::1
""")
PUBLIC = _listed("""
8.8.8.8 1.1.1.1 99.255.255.255 172.15.0.1 172.32.0.1 198.20.0.1 2606:4700:4700::1111 2a00:1450:4001:81b::200e
""")
ODD_HOSTS = _listed("""
2130706433 0x7f000001 017700000001 0x7f.1 0x7f.0.0.1 127.1 127.0.1 0177.0.0.1 00000177.0.0.1 127.0.0.1. 1 0 0x0
0xa9fea9fe 2852039166 0251.0376.0251.0376 169.254.43518 0xa9.0xfe.0xa9.0xfe 256.256.256.256 1.2.3.4.5 8.8.8 999
[::1] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:0001] [fe80::1%25eth0] [::] [fd00::1]
[64:ff9b::a9fe:a9fe] localhost metadata intranet . .. a..b -a.test a-.test
""")


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_are(address: str):
    assert is_public(address)


@pytest.mark.parametrize("address", [address for address in NOT_PUBLIC if "%" not in address])
def test_they_are_refused_when_written_into_a_url(address: str):
    with pytest.raises(BadReply):
        check_address(f"https://[{address}]/a.mp4" if ":" in address else f"https://{address}/a.mp4")


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_hosts_that_some_resolver_takes_for_this_machine_are_refused(host: str):
    with pytest.raises(BadReply):
        check_address(f"https://{host}/a.mp4")


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.test/a.mp4", "ftp://cdn.example.test/a", "file:///etc/passwd", "//cdn.example.test/a",
        "/etc/passwd", "", "https://", "https:///a", "https://cdn.example.test:80/a", "https://cdn.example.test:8443/a",
        "https://cdn.example.test:99999/a", "https://user@cdn.example.test/a", "https://user:pass@cdn.example.test/a",
        "https://cdn.example.test@127.0.0.1/a", "https://127.0.0.1#@cdn.example.test/", "javascript:alert(1)",
        "https://127.0.0.1\\@cdn.example.test/", "https://cdn.example.test /a", "https://cdn.example.test/\r\nHost: x",
        "https://cdn.example.test/\x00", "https://１２７.0.0.1/", "https://127。0。0。1/", "https://ⓛocalhost/",
        "https://[::1", "https://cdn.example.test/" + "a" * 9000, "https://münchen.example.test/a",
    ],
)  # fmt: skip
def test_addresses_that_are_no_plain_https_ones_are_refused(url: str):
    with pytest.raises(BadReply):
        check_address(url)


def test_a_host_must_be_one_of_the_providers_own_when_those_are_known():
    url = "https://videos.pexels.com/a.mp4"
    assert check_address(url, allowed_hosts=("*.pexels.com",)) == url
    assert check_address("https://VIDEOS.pexels.com./a.mp4", allowed_hosts=("*.pexels.com",))
    for other in ("https://pexels.com.evil.test/a", "https://evilpexels.com/a", "https://8.8.8.8/a"):
        with pytest.raises(BadReply, match="not one this provider"):
            check_address(other, allowed_hosts=("*.pexels.com",))


def test_only_the_sandboxs_own_origin_is_excepted():
    assert origin_of("http://[::1]:8900/x") == "http://[::1]:8900"
    assert origin_of("https://cdn.example.test/x") == "https://cdn.example.test:443"
    assert origin_of("nothing") is None
    origin = origin_of("http://127.0.0.1:8900/elevenlabs")
    assert origin == "http://127.0.0.1:8900"
    assert check_address("http://127.0.0.1:8900/files/a.mp4", trusted_origin=origin)
    for other in ("http://127.0.0.1:8901/", "https://127.0.0.1:8900/", "http://localhost:8900/", "http://127.0.0.1/"):
        with pytest.raises(BadReply):
            check_address(other, trusted_origin=origin)


def _door(network: Network, url: str) -> Door:
    return Door(
        network,
        provider="acme",
        base_url=url,
        key_places=(BEARER,),
        credentials=Credentials({"key": "k" * 20}),
        judge=Judge("Acme", lambda _: None),
        context=WorkContext(),
        timeout_seconds=5,
    )


def _fetch(
    url: str, answers_of_resolver: Sequence[Sequence[str]], tmp_path: Path
) -> tuple[BaseException, int, list[str]]:
    """Download from `url` with a resolver that gives these answers in turn; a canary listens on this machine."""
    asked: list[str] = []

    async def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(f"{host}:{port}")
        return answers_of_resolver[min(len(asked), len(answers_of_resolver)) - 1]

    async def run() -> tuple[BaseException, int]:
        async with vendor(answers(b"")) as canary:
            network = Network(log=Kept(), resolver=resolver, timing=FakeTime().timing())
            async with _door(network, canary.url) as door:
                with pytest.raises((BadReply, ProviderDown)) as caught:
                    await door.download(url, tmp_path, expect="video")
            return caught.value, canary.connections

    error, hits = asyncio.run(run())
    return error, hits, asked


@pytest.mark.parametrize("address", [address for address in NOT_PUBLIC if "%" not in address])
def test_a_public_name_that_leads_to_such_an_address_is_not_connected_to(address: str, tmp_path: Path):
    error, hits, asked = _fetch("https://cdn.example.test/a.mp4", [[address]], tmp_path)
    assert isinstance(error, BadReply)
    assert hits == 0
    assert asked == ["cdn.example.test:443"]


def test_one_bad_address_among_good_ones_is_enough(tmp_path: Path):
    error, hits, _ = _fetch("https://cdn.example.test/a.mp4", [["8.8.8.8", "127.0.0.1"]], tmp_path)
    assert isinstance(error, BadReply)
    assert hits == 0


def test_a_name_is_looked_up_once_and_for_all(tmp_path: Path):
    """A resolver that gives a public address first and this machine's next gains nothing: there is no second look."""
    error, hits, asked = _fetch("https://cdn.example.test/a.mp4", [["169.254.1.1"], ["127.0.0.1"]], tmp_path)
    assert isinstance(error, BadReply)
    assert (hits, len(asked)) == (0, 1)


class _Recording(httpcore.AsyncNetworkBackend):
    """Connects to nothing, and remembers what it was asked to connect to."""

    def __init__(self) -> None:
        self.connected: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        self.connected.append((host, port))
        raise httpcore.ConnectError


def test_the_address_that_was_checked_is_the_one_connected_to():
    seen: list[str] = []

    async def resolver(host: str, _: int) -> Sequence[str]:
        seen.append(host)
        return ["8.8.8.8", "2606:4700:4700::1111"] if len(seen) == 1 else ["127.0.0.1"]

    inner = _Recording()
    backend = PublicOnly(inner, resolver, "http://127.0.0.1:8900")

    async def run() -> None:
        with pytest.raises(httpcore.ConnectError):
            await backend.connect_tcp("cdn.example.test", 443)
        with pytest.raises(Lost):
            await backend.connect_tcp("cdn.example.test", 443)
        with pytest.raises(httpcore.ConnectError):
            await backend.connect_tcp("127.0.0.1", 8900)

    asyncio.run(run())
    assert inner.connected == [("8.8.8.8", 443), ("2606:4700:4700::1111", 443), ("127.0.0.1", 8900)]
    assert seen == ["cdn.example.test", "cdn.example.test"]


def test_a_name_without_address_is_a_provider_that_is_down(tmp_path: Path):
    async def run() -> None:
        async def nowhere(_: str, __: int) -> Sequence[str]:
            raise OSError("no such name")

        network = Network(resolver=nowhere, timing=FakeTime().timing())
        async with _door(network, "http://127.0.0.1:1") as door:
            with pytest.raises(ProviderDown, match="could not be reached"):
                await door.download("https://cdn.example.test/a.mp4", tmp_path, expect="video")

    asyncio.run(run())
