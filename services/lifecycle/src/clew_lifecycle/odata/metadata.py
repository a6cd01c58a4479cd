"""Describe the model as CSDL, in XML and in JSON, as far as the caller may see it.

Next: clew_lifecycle.odata.answer.answer.
"""

from typing import Any
from xml.etree import ElementTree

from clew_shared.runtime.sessions import Actor

from clew_lifecycle.odata.entities import MODEL
from clew_lifecycle.odata.model import EDM, EntityType, Property
from clew_lifecycle.odata.represent import NAMESPACE

_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_CSDL = "http://docs.oasis-open.org/odata/ns/edm"
_CONTAINER = "Container"


def write_csdl_xml(actor: Actor) -> bytes:
    """CSDL XML 4.01."""
    ElementTree.register_namespace("edmx", _EDMX)
    root = ElementTree.Element(f"{{{_EDMX}}}Edmx", Version="4.01")
    services = ElementTree.SubElement(root, f"{{{_EDMX}}}DataServices")
    schema = ElementTree.SubElement(services, "Schema", xmlns=_CSDL, Namespace=NAMESPACE)
    for entity in MODEL.values():
        _add_type(schema, entity, actor)
    container = ElementTree.SubElement(schema, "EntityContainer", Name=_CONTAINER)
    for entity in MODEL.values():
        entity_set = ElementTree.SubElement(
            container, "EntitySet", Name=entity.set_name, EntityType=f"{NAMESPACE}.{entity.name}"
        )
        for to in entity.navigations.values():
            ElementTree.SubElement(entity_set, "NavigationPropertyBinding", Path=to.name, Target=to.target)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode()


def _add_type(schema: ElementTree.Element, entity: EntityType, actor: Actor) -> None:
    kept = ElementTree.SubElement(schema, "EntityType", Name=entity.name)
    ElementTree.SubElement(ElementTree.SubElement(kept, "Key"), "PropertyRef", Name="id")
    for known in entity.seen_by(actor):
        ElementTree.SubElement(kept, "Property", _facets_xml(known), Name=known.name, Type=EDM[known.kind])
    for to in entity.navigations.values():
        target = f"{NAMESPACE}.{MODEL[to.target].name}"
        kind = f"Collection({target})" if to.many else target
        ElementTree.SubElement(kept, "NavigationProperty", Name=to.name, Type=kind)


def _facets_xml(known: Property) -> dict[str, str]:
    facets = {name[1:]: str(value) for name, value in _facets(known).items() if name != "$Nullable"}
    return facets if known.nullable else {"Nullable": "false", **facets}


def _facets(known: Property) -> dict[str, Any]:
    facets: dict[str, Any] = {"$Nullable": True} if known.nullable else {}
    if known.kind == "decimal":
        facets |= {"$Precision": 19, "$Scale": 4}
    if known.kind == "datetime":
        facets["$Precision"] = 6
    return facets


def write_csdl_json(actor: Actor) -> dict[str, Any]:
    """CSDL JSON 4.01."""
    schema: dict[str, Any] = {entity.name: _type_json(entity, actor) for entity in MODEL.values()}
    schema[_CONTAINER] = {
        "$Kind": "EntityContainer",
        **{
            entity.set_name: {
                "$Collection": True,
                "$Type": f"{NAMESPACE}.{entity.name}",
                "$NavigationPropertyBinding": {to.name: to.target for to in entity.navigations.values()},
            }
            for entity in MODEL.values()
        },
    }
    return {"$Version": "4.01", "$EntityContainer": f"{NAMESPACE}.{_CONTAINER}", NAMESPACE: schema}


def _type_json(entity: EntityType, actor: Actor) -> dict[str, Any]:
    # Edm.String is what a property without a type is.
    properties = {
        known.name: {**({} if known.kind == "string" else {"$Type": EDM[known.kind]}), **_facets(known)}
        for known in entity.seen_by(actor)
    }
    navigations = {
        to.name: {
            "$Kind": "NavigationProperty",
            **({"$Collection": True} if to.many else {"$Nullable": True}),
            "$Type": f"{NAMESPACE}.{MODEL[to.target].name}",
        }
        for to in entity.navigations.values()
    }
    return {"$Kind": "EntityType", "$Key": ["id"], **properties, **navigations}
