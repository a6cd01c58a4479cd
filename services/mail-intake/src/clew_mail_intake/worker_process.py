"""The other end of a worker: one mail in, one understanding out, within limits.

Next: clew_mail_intake.understanding.understand.understand.
"""

import resource
import signal
import struct
import sys
from types import FrameType
from typing import BinaryIO

import msgspec

from clew_mail_intake.understanding.understand import set_aside, understand
from clew_mail_intake.understanding.understood import Envelope, Surroundings, Understanding

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 2.0
LENGTH = struct.Struct(">Q")
# Of a task and of the mail's bytes behind it.
LENGTHS = struct.Struct(">QQ")


class Task(msgspec.Struct, frozen=True):
    """What else is known of a mail; its bytes follow by themselves, so that they are nowhere twice."""

    envelope: Envelope | None
    known: Surroundings
    page: bool


class TooMuchWork(Exception):
    """The mail took more processor time than one mail may."""


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answer tasks until the parent closes the pipe."""
    _limit_memory()
    signal.signal(signal.SIGPROF, _give_up)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder, encoder = msgspec.msgpack.Decoder(Task), msgspec.msgpack.Encoder()
    while True:
        head = incoming.read(LENGTHS.size)
        if len(head) < LENGTHS.size:
            return
        task_bytes, raw_bytes = LENGTHS.unpack(head)
        task = decoder.decode(incoming.read(task_bytes))
        answer = encoder.encode(understand_within_limits(task, incoming.read(raw_bytes)))
        outgoing.write(LENGTH.pack(len(answer)) + answer)
        outgoing.flush()


def understand_within_limits(task: Task, raw: bytes) -> Understanding:
    """Understand one mail, or say which limit it met."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        return understand(raw, envelope=task.envelope, known=task.known, page=task.page)
    except TooMuchWork:
        why = f"took more than {CPU_SECONDS:.0f} s of processor time"
    except MemoryError:
        why = f"took more than {MEMORY_BYTES // 1024 // 1024} MB of memory"
    except Exception as error:  # noqa: BLE001 - a stranger's bytes must not end the worker; the mail is set aside
        why = f"could not be read ({type(error).__name__})"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return set_aside(raw, why, envelope=task.envelope)


def _limit_memory() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _give_up(signum: int, frame: FrameType | None) -> None:
    raise TooMuchWork


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
