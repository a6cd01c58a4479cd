"""Bodies over a real socket: what is read, what is refused, and when."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from clew_forms.body import BodyRefused
from clew_forms.read_body import ReadLimits, read_body

Post = Callable[..., Coroutine[None, None, tuple[int, dict[str, object]]]]
QUICK = ReadLimits(deadline=0.6, patience=0.2)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    async def answer(request: web.Request) -> web.Response:
        try:
            body = await read_body(request, QUICK)
        except BodyRefused as refused:
            return web.json_response({"code": refused.code}, status=refused.status)
        return web.json_response(
            {"texts": body.texts, "repeated": sorted(body.repeated), "odd": sorted(body.odd), "files": body.files}
        )

    app = web.Application()
    app.router.add_post("/", answer)
    running = TestServer(app)
    await running.start_server()
    yield running
    await running.close()


@pytest.fixture
def post(server: TestServer) -> Post:
    """Post raw bytes, as no client library would."""

    async def send(
        body: bytes, content_type: str = FORM, *, declared: int | None = None, extra: str = ""
    ) -> tuple[int, dict[str, object]]:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        length = len(body) if declared is None else declared
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{extra}\r\n"
        writer.write(head.encode() + body)
        try:
            return await _answer(reader)
        finally:
            writer.close()

    return send


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, object]]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(length))


def _multipart(*parts: tuple[str, bytes], boundary: str = "xx") -> tuple[bytes, str]:
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=J%C3%B6rg+K&message=a%0D%0Ab", FORM),
        ("name=Jörg K&message=a%0D%0Ab".encode(), f"{FORM}; charset=UTF-8"),
        (b'{"name": "J\\u00f6rg K", "message": "a\\r\\nb"}', "application/json"),
        _multipart(('name="name"', "Jörg K".encode()), ('name="message"', b"a\r\nb")),
    ],
)
async def test_the_three_content_types_say_the_same(post: Post, body: bytes, content_type: str) -> None:
    """forms 16."""
    status, answer = await post(body, content_type)

    assert (status, answer["texts"]) == (200, {"name": "Jörg K", "message": "a\r\nb"})


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "", "application/json; charset=utf-16"])
async def test_any_other_content_type_is_415(post: Post, content_type: str) -> None:
    """forms 16."""
    status, _ = await post(b"name=x", content_type)

    assert status == 415


async def test_a_compressed_body_is_415(post: Post) -> None:
    status, answer = await post(b"\x1f\x8b", FORM, extra="Content-Encoding: gzip\r\n")

    assert (status, answer["code"]) == (415, "content_encoding")


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"name=a%00b", FORM, "nul"),
        (b"name=%FF%FE", FORM, "not_utf8"),
        (b"name=\xe9", FORM, "not_utf8"),
        (b"name=%ED%A0%80", FORM, "not_utf8"),
        (b'{"name": "a\\u0000b"}', "application/json", "nul"),
        (b'{"name": "\\ud800"}', "application/json", "surrogate"),
        (b'{"\\udfff": "x"}', "application/json", "surrogate"),
        (*_multipart(('name="name"', b"a\0b")), "nul"),
        (*_multipart(('name="name"', b"\xff")), "not_utf8"),
    ],
)
async def test_what_is_not_unicode_text_is_422(post: Post, body: bytes, content_type: str, code: str) -> None:
    """forms 16."""
    status, answer = await post(body, content_type)

    assert (status, answer["code"]) == (422, code)


async def test_a_page_that_names_its_charset_is_understood(post: Post) -> None:
    """forms 16: `_charset_` is what the browser says of a page that is not UTF-8."""
    form = await post(b"_charset_=windows-1252&name=J%F6rg")
    parts = await post(*_multipart(('name="_charset_"', b"ISO-8859-1"), ('name="name"', b"J\xf6rg")))
    unknown = await post(b"_charset_=x-user-defined&name=a")

    assert form[1]["texts"] == {"_charset_": "windows-1252", "name": "Jörg"}
    assert parts[1]["texts"] == {"_charset_": "ISO-8859-1", "name": "Jörg"}
    assert unknown[0] == 415


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"message=" + b"a" * 66_000, FORM, 413),
        (b"message=" + b"a" * 33_000, FORM, 413),
        (b"message=" + "€".encode() * 11_000, FORM, 413),
        (b"&".join(b"f%d=x" % n for n in range(201)), FORM, 413),
        (b"&".join(b"f%d=x" % n for n in range(200)), FORM, 200),
        (json.dumps({f"f{n}": "x" for n in range(201)}).encode(), "application/json", 413),
        (*_multipart(*((f'name="f{n}"', b"x") for n in range(201))), 413),
        (*_multipart(('name="message"', b"a" * 33_000)), 413),
        (*_multipart(('name="a"' + "\r\nX-H: 1" * 8, b"")), 413),
        (*_multipart(('name="a"' + "\r\nX-H: 1" * 7, b"")), 200),
    ],
)
async def test_the_caps_hold_before_anything_is_parsed(post: Post, body: bytes, content_type: str, status: int) -> None:
    """forms 18."""
    assert (await post(body, content_type))[0] == status


async def test_a_body_that_declares_too_much_is_refused_unread(post: Post) -> None:
    """forms 18."""
    assert (await post(b"", FORM, declared=10_000_000))[0] == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"a": 1, "a": 2}', 422),
        (b'{"a": NaN}', 400),
        (b'{"a": -Infinity}', 400),
        (b'{"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}', 200),
        (b'{"a": {"a": {"a": {"a": {"a": {"a": {}}}}}}}', 422),
        (b"[" * 50_000, 422),
        (b'{"a": "[[[[[[[[[[[["}', 200),
        (b'{"a": "\\"[[[[[[[[[[[["}', 200),
        (b"[]", 422),
        (b"{", 400),
        (b"\xef\xbb\xbf{}", 400),
        (b'{"a": 1' + b"0" * 5000 + b"}", 200),
    ],
)
async def test_json_that_two_readers_could_read_differently_is_refused(post: Post, body: bytes, status: int) -> None:
    """forms 18."""
    assert (await post(body, "application/json"))[0] == status


async def test_names_that_mean_something_to_other_languages_mean_nothing_here(post: Post) -> None:
    """forms 18."""
    status, answer = await post(b'{"__proto__": {"admin": true}, "constructor": "x"}', "application/json")

    assert (status, answer["texts"], answer["odd"]) == (200, {"__proto__": "", "constructor": "x"}, ["__proto__"])


async def test_of_two_values_the_last_counts_and_it_is_noted(post: Post) -> None:
    """forms 18."""
    _, answer = await post(b"name=a&name=b&email=c")

    assert answer["texts"] == {"name": "b", "email": "c"}
    assert answer["repeated"] == ["name"]


async def test_a_file_is_left_out_and_the_words_beside_it_are_kept(post: Post) -> None:
    body, kind = _multipart(
        ('name="cv"; filename="cv.pdf"', b"%PDF"), ('name="none"; filename=""', b""), ('name="a"', b"b")
    )

    _, answer = await post(body, kind)

    assert (answer["texts"], answer["files"]) == ({"a": "b"}, 1)


async def test_a_multipart_body_without_its_boundary_is_answered_within_64_kib(server: TestServer) -> None:
    """forms 19: the preamble may go on for ever, the reading does not."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=xx\r\nContent-Length: 60000\r\n\r\n"
    )
    writer.write(b"junk\r\n" * 100)

    status, answer = await _answer(reader)
    writer.close()

    assert (status, answer["code"]) == (400, "malformed_multipart")


@pytest.mark.parametrize("cut", range(1, 40, 3))
async def test_a_boundary_in_pieces_is_still_found(server: TestServer, cut: int) -> None:
    body, kind = _multipart(('name="name"', b"Ann"))
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    writer.write(body[:cut])
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.write(body[cut:])

    status, answer = await _answer(reader)
    writer.close()

    assert (status, answer["texts"]) == (200, {"name": "Ann"})


async def test_a_body_that_stops_is_answered_at_the_deadline(server: TestServer) -> None:
    """forms 19."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 100\r\n\r\nname=".encode())

    status, answer = await _answer(reader)
    writer.close()

    assert (status, answer["code"]) == (408, "too_slow")


async def test_a_body_that_drips_is_not_waited_for(server: TestServer) -> None:
    """forms 19: a byte now and then keeps no connection."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 1000\r\n\r\n".encode())
    answer = asyncio.create_task(_answer(reader))
    dripped = 0
    while not answer.done():
        writer.write(b"a")
        dripped += 1
        await asyncio.sleep(0.01)
    writer.close()

    assert answer.result()[0] == 408
    assert dripped < 1000
