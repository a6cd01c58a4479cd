"""Nobody reaches inside through us (P6): refused after resolution, and connected to where it was vetted."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from clew_lifecycle.domain.safe_address import Refused, SafeAddresses
from clew_lifecycle.domain.webhook_retry import DELAYS, next_delay, read_retry_after
from clew_lifecycle.webhooks.post import Post

from tests.lifecycle.webhooks.receiver import Receiver

INSIDE = {
    "loopback": "127.0.0.1",
    "loopback 6": "::1",
    "this host": "0.0.0.0",
    "private": "10.1.2.3",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "unique local": "fd12::1",
    "link-local": "169.254.1.1",
    "link-local 6": "fe80::1%eth0",
    "carrier NAT": "100.64.0.1",
    "metadata": "169.254.169.254",
    "metadata of Alibaba": "100.100.100.200",
    "metadata of Oracle": "192.0.0.192",
    "metadata of Azure": "168.63.129.16",
    "metadata of AWS 6": "fd00:ec2::254",
    "IPv4-mapped": "::ffff:127.0.0.1",
    "IPv4-mapped metadata": "::ffff:169.254.169.254",
    "IPv4-compatible": "::127.0.0.1",
    "NAT64": "64:ff9b::7f00:1",
    "NAT64 local": "64:ff9b:1::a00:1",
    "6to4": "2002:7f00:1::",
    "Teredo": "2001:0:53aa::1",
    "multicast": "224.0.0.1",
    "multicast 6": "ff02::1",
    "broadcast": "255.255.255.255",
    "documentation": "192.0.2.1",
    "documentation 6": "2001:db8::1",
}


class Names:
    """A resolver whose answers a test says; each is given once, the last for ever after."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name: list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        left = self.answers[host]
        return left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize("address", INSIDE.values(), ids=INSIDE)
async def test_a_name_that_resolves_inside_is_refused(address: str) -> None:
    """P6"""
    names = Names(**{"innocent.example": [[address]]})
    async with Post(SafeAddresses(), names) as post:
        answer = await post.send("https://innocent.example/", {}, b"{}")
        with pytest.raises(Refused):
            await post.check("https://innocent.example/")

    assert answer.status is None
    assert (answer.error or "").startswith("refused:")
    assert address not in (answer.error or "")


async def test_a_name_that_points_inside_and_outside_is_refused() -> None:
    """P6"""
    names = Names(**{"both.example": [["93.184.215.14", "127.0.0.1"]]})
    async with Post(SafeAddresses(), names) as post:
        answer = await post.send("http://both.example/", {}, b"{}")

    assert (answer.error or "").startswith("refused:")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://localhost:{port}/",
        "http://127.0.0.1.:{port}/",
    ],
)
async def test_loopback_is_refused_however_it_is_written(receiver: Receiver, url: str) -> None:
    """P6: literals pass no resolver, so the socket has the last word."""
    async with Post(SafeAddresses()) as post:
        answer = await post.send(url.format(port=urlsplit(receiver.url).port), {}, b"{}")

    assert answer.status is None
    assert receiver.heard == []


async def test_what_was_vetted_is_what_is_connected_to(receiver: Receiver) -> None:
    """P6: a name is asked for once a connection, and the answer that was vetted is used (rebinding)."""
    port = urlsplit(receiver.url).port
    names = Names(**{"rebinding.example": [["127.0.0.1"], ["127.0.0.2"]]})
    async with Post(SafeAddresses(["127.0.0.1/32"]), names) as post:
        first = await post.send(f"http://rebinding.example:{port}/a", {}, b"{}")

    assert first.status == 204
    assert names.asked == ["rebinding.example"]
    assert receiver.heard[0].headers["host"] == f"rebinding.example:{port}"
    async with Post(SafeAddresses(["127.0.0.1/32"]), names) as post:
        second = await post.send(f"http://rebinding.example:{port}/a", {}, b"{}")
    assert (second.error or "").startswith("refused:")
    assert len(receiver.heard) == 1


async def test_a_network_that_the_operator_allows_is_reached_on_any_port(receiver: Receiver) -> None:
    async with Post(SafeAddresses(["127.0.0.0/8"])) as post:
        assert (await post.send(f"{receiver.url}/a", {}, b"{}")).status == 204


async def test_the_internet_is_reached_on_the_webs_ports_alone() -> None:
    for port in (80, 443):
        SafeAddresses().check("93.184.215.14", port)
        SafeAddresses().check("2606:2800:21f:cb07:6820:80da:af6b:8b2c", port)
    for port in (22, 25, 5432, 8080):
        with pytest.raises(Refused):
            SafeAddresses().check("93.184.215.14", port)


def test_the_list_of_delays_has_ten_attempts_and_up_to_a_tenth_of_jitter() -> None:
    """P6"""
    hours = 3600
    wanted = [0, 5, 300, 1800, *(2 * hours, 5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours)]

    assert [delay.total_seconds() for delay in DELAYS] == wanted
    assert [next_delay(attempt, 0.0) for attempt in range(1, 10)] == list(DELAYS[1:])
    assert next_delay(2, 0.999) == DELAYS[2] * 1.0999
    assert next_delay(10, 0.0) is None


def test_retry_after_is_seconds_or_a_date_and_at_most_a_day() -> None:
    """P6, RFC 9110 10.2.3"""
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)

    assert read_retry_after(503, "120", now) == timedelta(seconds=120)
    assert read_retry_after(429, "Fri, 02 Jan 2026 12:05:00 GMT", now) == timedelta(minutes=5)
    assert read_retry_after(429, "Fri, 02 Jan 2026 11:05:00 GMT", now) == timedelta(0)
    assert read_retry_after(503, "99999999999999999999", now) == timedelta(days=1)
    assert read_retry_after(500, "120", now) is None
    assert read_retry_after(503, "soon", now) is None
    assert next_delay(1, 0.0, timedelta(seconds=120)) == timedelta(seconds=120)
    assert next_delay(3, 0.0, timedelta(seconds=120)) == DELAYS[3]
