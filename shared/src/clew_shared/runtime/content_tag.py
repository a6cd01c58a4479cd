"""ETags of what is too small to count its versions: its content says whether it changed meanwhile.

Next: clew_shared.runtime.problem.Problem.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from clew_shared.runtime.problem import Problem

_BYTES = 9


def content_tag(value: Any) -> str:
    """Give the ETag of a thing as it is answered."""
    return f'"{blake2b(msgspec.json.encode(value), digest_size=_BYTES).hexdigest()}"'


def check_content_tag(given: str | None, value: Any) -> None:
    """Raise `Problem` 412, which carries the tag of now, when `given` is another; None is any."""
    tag = content_tag(value)
    if given is not None and given != tag:
        raise Problem(412, "Changed meanwhile", "Somebody else changed this.", headers={"ETag": tag})
