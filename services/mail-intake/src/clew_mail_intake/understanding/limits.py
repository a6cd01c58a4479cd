"""How much of one mail is read; what lies beyond stays in the raw bytes."""

from typing import Final

HEADER_BYTES: Final = 64 * 1024
ALL_HEADERS_BYTES: Final = 256 * 1024
HEADER_FIELDS: Final = 2_000
TEXT_BYTES: Final = 10 * 1024 * 1024
# Cleaning HTML costs a hundred times what reading it as text does; nobody reads a page of this size as a page.
CLEANED_HTML_BYTES: Final = 1024 * 1024
DEPTH: Final = 50
PARTS: Final = 500
ADDRESSES: Final = 500
REFERENCES: Final = 200
ENCODED_WORDS: Final = 500
ATTACHMENT_BYTES: Final = 25 * 1024 * 1024
ATTACHMENTS_BYTES: Final = 50 * 1024 * 1024
ATTACHMENTS: Final = 200
