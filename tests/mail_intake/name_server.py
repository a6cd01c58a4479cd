"""A name server on loopback, with the records that a test gives it; what it is told to, it leaves without an answer."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


@contextmanager
def name_server(records: Mapping[tuple[str, str], Sequence[str]], silent: Sequence[str] = ()) -> Iterator[str]:
    """Serve `records`, texts by name and type, by UDP; give `address:port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        thread = Thread(target=_serve, args=(door, records, silent), daemon=True)
        thread.start()
        host, port = door.getsockname()
        yield f"{host}:{port}"
        door.sendto(b"", (host, port))
        thread.join()


def _serve(door: socket.socket, records: Mapping[tuple[str, str], Sequence[str]], silent: Sequence[str]) -> None:
    while True:
        asked, client = door.recvfrom(4096)
        if not asked:
            return
        question = dns.message.from_wire(asked)
        name, kind = question.question[0].name, dns.rdatatype.to_text(question.question[0].rdtype)
        plain = name.to_text(omit_final_dot=True).lower()
        if plain in silent:
            continue
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if found := records.get((plain, kind)):
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, found))
        elif not any(known == plain for known, _ in records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        door.sendto(answer.to_wire(), client)
