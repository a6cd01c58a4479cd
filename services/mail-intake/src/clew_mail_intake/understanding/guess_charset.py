"""Which charset bytes are in, by what they look like: where nobody says it, and where what is said cannot be."""

import re

import chardet

from clew_mail_intake.understanding.charset_names import codec_for

SAMPLE, _LOOKED_AT = 4 * 1024, 64 * 1024
_BETWEEN = re.compile(rb"[\r\n<>]+")
_SURE = 0.9
# Alphabets of the same shape as the western one: a few words and some likelihood tell them from its names and dashes.
_OTHER_LATIN = {"cp1250", "iso8859-2", "cp1254", "cp1257", "iso8859-13", "iso8859-4"}
_LIKELY, _WORDS, _SLIPS = 0.12, 2, 3
# Scripts whose words are beyond ASCII from end to end.
_OTHER_SCRIPTS = {
    *("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic", "cp1253", "iso8859-7", "cp1255", "iso8859-8"),
    *("cp1256", "iso8859-6", "cp874", "gb18030", "big5hkscs", "cp949", "cp932", "euc-jp"),
}
_RUNS, _ONE_WORD, _SEVERAL_WORDS = 2, 4, 16
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HIGH = frozenset(range(0x80, 0x100))
# What ISO 8859 has no letters for.
_C1 = re.compile(rb"[\x80-\x9f]")
_LONG_RUN = re.compile(rb"[\x80-\xff]{3,}")
_WORD = re.compile(rb"(?<![A-Za-z])[A-Za-z]*+[\x80-\xff][A-Za-z\x80-\xff]*")
# A sign inside a word, or where one begins, is no sign: in Central Europe letters stand in its place.
_SIGN_FOR_LETTER = re.compile(
    rb"[A-Za-z][\xa1\xa3\xa5\xa6\xa9\xac\xae\xaf\xb1\xb3\xb6\xb9\xbc\xbe\xbf][a-z]"
    rb"|(?<![A-Za-z\x80-\xff])[\xa3\xa6\xa9\xac\xae\xaf\xb1\xb3\xb6\xb9\xbc\xbe][a-z]{2}"
)
_CYRILLIC = {"cp1251": "koi8-r", "koi8-r": "cp1251", "koi8-u": "cp1251"}
_UPSIDE_DOWN, _UPRIGHT = re.compile(r"\b[а-яё][А-ЯЁ]{2,}\b"), re.compile(r"\b[А-ЯЁа-яё][а-яё]{2,}\b")


def guess_charset(data: bytes) -> str | None:
    """Guess from the bytes; a text whose words show nothing else is a western one."""
    sample = _telling(data)
    codec, confidence = _detected(sample)
    if confidence >= _SURE:
        return codec
    if codec in _OTHER_LATIN:
        is_likely = confidence >= _LIKELY and len(set(_WORD.findall(sample))) >= _WORDS
        return codec if is_likely or _SIGN_FOR_LETTER.search(sample) else None
    return codec if codec in _OTHER_SCRIPTS and _has_whole_words(sample) else None


def other_than(meant: str, data: bytes) -> str | None:
    """Name the charset of bytes that cannot be in the one that they are said to be in, where that shows."""
    if meant == "cp1252":
        return _other_than_western(_telling(data))
    return _other_than_cyrillic(_telling(data), meant) if meant in _CYRILLIC else None


def _other_than_western(sample: bytes) -> str | None:
    """Look for whole words beyond ASCII, and for letters that would be signs."""
    if sum(map(len, set(_LONG_RUN.findall(sample)))) >= _SEVERAL_WORDS and _is_beyond_ascii(sample):
        codec, _ = _detected(sample)
        return codec if codec in _OTHER_SCRIPTS else None
    if len(set(_SIGN_FOR_LETTER.findall(sample))) >= _SLIPS:
        codec, _ = _detected(sample)
        return codec if codec in _OTHER_LATIN else None
    return None


def _other_than_cyrillic(sample: bytes, meant: str) -> str | None:
    """Look for words that begin small and go on in capitals: KOI8-R has small letters where Windows has capitals."""
    upside_down, upright = (pattern.findall(sample.decode(meant, "ignore")) for pattern in (_UPSIDE_DOWN, _UPRIGHT))
    return _CYRILLIC[meant] if len(upside_down) >= _WORDS and len(upside_down) > len(upright) else None


def _telling(data: bytes) -> bytes:
    """Return the lines beyond ASCII, or what stands so between tags: an English mail quoted below tells nothing."""
    head = data[:_LOOKED_AT]
    if b"\0" in head:
        return head[:SAMPLE]
    return b"\n".join(piece for piece in _BETWEEN.split(head) if not piece.isascii())[:SAMPLE]


def _detected(sample: bytes) -> tuple[str | None, float]:
    found = chardet.detect(sample)
    codec = codec_for(found["encoding"])
    return ("cp1250" if codec == "iso8859-2" and _C1.search(sample) else codec), found["confidence"]


def _has_whole_words(sample: bytes) -> bool:
    runs = {run for run in _LONG_RUN.findall(sample) if len(set(run)) > 1}
    return len(runs) >= _RUNS or (any(len(run) >= _ONE_WORD for run in runs) and _is_beyond_ascii(sample))


def _is_beyond_ascii(sample: bytes) -> bool:
    high = sum(map(_HIGH.__contains__, sample))
    return high * 5 >= 2 * (high + sum(map(_LETTERS.__contains__, sample)))
