"""Write entities as OData's JSON (JSON format 4.01), as much about them as the caller asks for.

Next: clew_lifecycle.odata.answer.answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from clew_lifecycle.odata.entities import MODEL
from clew_lifecycle.odata.model import EntityType
from clew_lifecycle.odata.read_entities import Entity, Page
from clew_lifecycle.odata.read_options import Options

NAMESPACE = "clew"


@dataclass(frozen=True, slots=True)
class Representation:
    """`root` is the service's address with a slash at its end; `level` is what `odata.metadata` says."""

    root: str
    level: Literal["none", "minimal", "full"] = "minimal"

    def page(self, entity: EntityType, page: Page, options: Options, next_link: str | None) -> dict[str, Any]:
        body: dict[str, Any] = self._context(f"{entity.set_name}{_listed(entity, options)}")
        if page.count is not None:
            body["@odata.count"] = page.count
        body["value"] = [self._entity(entity, item, options) for item in page.entities]
        if next_link is not None:
            body["@odata.nextLink"] = next_link
        return body

    def entity(self, entity: EntityType, item: Entity, options: Options) -> dict[str, Any]:
        context = self._context(f"{entity.set_name}{_listed(entity, options)}/$entity")
        return {**context, **self._entity(entity, item, options)}

    def property(self, entity: EntityType, item: Entity, name: str) -> dict[str, Any]:
        return {**self._context(f"{entity.set_name}({item.id})/{name}"), "value": item.values[name]}

    def service(self) -> dict[str, Any]:
        sets = [{"name": name, "kind": "EntitySet", "url": name} for name in MODEL]
        return {"@odata.context": f"{self.root}$metadata", "value": sets}

    def _context(self, of: str) -> dict[str, Any]:
        return {} if self.level == "none" else {"@odata.context": f"{self.root}$metadata#{of}"}

    def _entity(self, entity: EntityType, item: Entity, options: Options) -> dict[str, Any]:
        body: dict[str, Any] = {}
        address = f"{entity.set_name}({item.id})"
        if self.level == "full":
            body |= {"@odata.type": f"#{NAMESPACE}.{entity.name}", "@odata.id": address}
        if item.version is not None and self.level != "none":
            body["@odata.etag"] = etag(item.version)
        if self.level == "full" and entity.writable:
            body["@odata.editLink"] = address
        for name, value in item.values.items():
            body |= self._typed(entity, name, value)
        nested = {expand.navigation.name: expand.options for expand in options.expand}
        for name, found in item.links.items():
            body |= self._link(entity, item, name, found, nested[name])
        if self.level == "full":
            rest = [name for name in entity.navigations if name not in item.links]
            body |= {f"{name}@odata.navigationLink": f"{address}/{name}" for name in rest}
        return body

    def _typed(self, entity: EntityType, name: str, value: Any) -> dict[str, Any]:
        """Say the type of what JSON does not tell from a text or a number."""
        edm = {"guid": "Guid", "date": "Date", "datetime": "DateTimeOffset", "decimal": "Decimal", "integer": "Int32"}
        kind = edm.get(entity.properties[name].kind)
        if self.level == "full" and kind is not None and value is not None:
            return {f"{name}@odata.type": f"#{kind}", name: value}
        return {name: value}

    def _link(
        self, entity: EntityType, item: Entity, name: str, found: Page | Entity | None, options: Options
    ) -> dict[str, Any]:
        target = MODEL[entity.navigations[name].target]
        if not isinstance(found, Page):
            return {name: self._entity(target, found, options) if found is not None else None}
        body: dict[str, Any] = {}
        if found.count is not None:
            body[f"{name}@odata.count"] = found.count
        body[name] = [self._entity(target, one, options) for one in found.entities]
        if found.token is not None:
            query = next_query(options.written, options.top, len(found.entities), found.token)
            body[f"{name}@odata.nextLink"] = f"{self.root}{entity.set_name}({item.id})/{name}?{query}"
        return body


def etag(version: int) -> str:
    return f'W/"{version}"'


def next_query(written: Mapping[str, str], top: int | None, given: int, token: str) -> str:
    """Say how a list goes on: what was skipped stays skipped, and `$top` counts down."""
    kept = {name: value for name, value in written.items() if name not in ("skip", "skiptoken", "top")}
    if top is not None:
        kept["top"] = str(top - given)
    kept["skiptoken"] = token
    return "&".join(f"${name}={quote(value, safe=_PLAIN)}" for name, value in kept.items())


# What RFC 3986 lets stand in a query, without what separates options or may be taken for a space.
_PLAIN = "$,;:@/?()!*'="


def _listed(entity: EntityType, options: Options) -> str:
    """Say in the context which properties there are (protocol 10.8)."""
    names = _shape(entity, options)
    return f"({names})" if names else ""


def _shape(entity: EntityType, options: Options) -> str:
    chosen = [] if options.select is None else [name for name in options.select if name in entity.properties]
    deeper = [
        f"{expand.navigation.name}({_shape(MODEL[expand.navigation.target], expand.options)})"
        for expand in options.expand
    ]
    return ",".join([*chosen, *deeper])
