"""What several services say of themselves, as one answer: for the origin before them.

Next: clew_shared.runtime.openapi.merge_documents.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import ClientError, ClientSession, web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from clew_shared.runtime.openapi import PATH, document_response, merge_documents
from clew_shared.runtime.problem import Problem


async def merged_readiness(session: ClientSession, targets: Mapping[str, str]) -> web.Response:
    """Ask every service whether it is ready; all must be."""
    answers = await asyncio.gather(*(_read(session, f"{url}/readyz") for url in targets.values()))
    checks: dict[str, Any] = {}
    for name, text in zip(targets, answers, strict=True):
        checks |= json.loads(text)["checks"] if text else {name: {"service": "not answering"}}
    is_ready = all(state == "ok" for states in checks.values() for state in states.values())
    body = {"status": "ok" if is_ready else "unavailable", "checks": checks}
    return web.json_response(body, status=200 if is_ready else 503)


async def merged_metrics(session: ClientSession, targets: Mapping[str, str]) -> web.Response:
    """Give every service's metrics, each with the label `process`."""
    answers = await asyncio.gather(*(_read(session, f"{url}/metrics") for url in targets.values()))
    registry = CollectorRegistry()
    registry.register(_Merged(dict(zip(targets, answers, strict=True))))
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def merged_document(session: ClientSession, targets: Mapping[str, str]) -> web.Response:
    """Give one OpenAPI document for all services: all of it, or none while one of them is away."""
    answers = await asyncio.gather(*(_read(session, f"{url}{PATH}") for url in targets.values()))
    if not all(answers):
        away = Problem(503, "Not available now", "A service is starting; try again.", headers={"Retry-After": "2"})
        return away.to_response()
    return document_response(merge_documents([json.loads(text) for text in answers]))


class _Merged:
    """A collector of what others have collected."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for process, text in self._texts.items():
            for family in text_string_to_metric_families(text):
                merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    merged.add_sample(sample.name, {**sample.labels, "process": process}, sample.value)
        yield from families.values()


async def _read(session: ClientSession, url: str) -> str:
    try:
        async with session.get(url) as response:
            return await response.text()
    except (ClientError, OSError, TimeoutError):
        return ""
