"""Style sheets, scripts and pictures under names that change with their content.

Next: clew_shared.web.assets.Assets.serve
"""

import base64
import gzip
import hashlib
import json
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from aiohttp import web

_LOCK = files("clew_shared.web").joinpath("vendor.lock.json")
_FOREVER = "public, max-age=31536000, immutable"
_TEXT = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One static file: what it is called, what it holds and where the browser finds it."""

    name: str
    content: bytes
    at: str

    @cached_property
    def url(self) -> str:
        return f"{self.at}/{hashlib.sha256(self.content).hexdigest()[:12]}/{self.name}"

    @cached_property
    def integrity(self) -> str:
        return integrity(self.content)

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.content, mtime=0)

    @property
    def media_type(self) -> str:
        suffix = "." + self.name.rpartition(".")[2]
        return _TEXT.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")


class Assets:
    """The static files of some packages by name; a vendored library also answers to its name in vendor.toml."""

    def __init__(self, packages: tuple[str, ...], at: str) -> None:
        self.at = at
        self._by_name: dict[str, Asset] = {}
        for package in packages:
            folder = files(package).joinpath("static")
            if folder.is_dir():
                self._add(folder, "")
        self._aliases = {name: f"vendor/{entry['file']}" for name, entry in json.loads(_LOCK.read_text()).items()}

    def __getitem__(self, name: str) -> Asset:
        return self._by_name[self._aliases.get(name, name)]

    def import_map(self) -> str:
        """Our modules as `clew/<name>`, with the checksum of each, for a `<script type="importmap">`."""
        modules = [asset for name, asset in self._by_name.items() if name.endswith(".js") and "/" not in name]
        found = {
            "imports": {f"clew/{asset.name}": asset.url for asset in modules},
            "integrity": {asset.url: asset.integrity for asset in modules},
        }
        return json.dumps(found, separators=(",", ":")).replace("<", "\\u003c")

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve all of them below `at`."""
        router.add_get(self.at + "/{digest}/{name:.+}", self.serve)

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one file, cached for ever; a name with an old digest is gone."""
        asset = self._by_name.get(request.match_info["name"])
        if asset is None or asset.url != request.path:
            raise web.HTTPNotFound
        headers = {"Cache-Control": _FOREVER, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
        body = asset.content
        if "gzip" in request.headers.get("Accept-Encoding", "") and asset.media_type in _TEXT.values():
            headers["Content-Encoding"] = "gzip"
            body = asset.zipped
        charset = "utf-8" if asset.media_type in _TEXT.values() else None
        return web.Response(body=body, headers=headers, content_type=asset.media_type, charset=charset)

    def _add(self, folder: Traversable, prefix: str) -> None:
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            name = prefix + entry.name
            if entry.is_dir():
                self._add(entry, name + "/")
            else:
                self._by_name[name] = Asset(name, entry.read_bytes(), self.at)


def integrity(content: bytes) -> str:
    """A Subresource Integrity value, as browsers check it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()
