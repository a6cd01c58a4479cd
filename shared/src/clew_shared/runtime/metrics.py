"""Counters for Prometheus, in the text format of its exposition. Next: clew_shared.runtime.health.health_routes."""

from functools import cache

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Gauge, Histogram, generate_latest

__all__ = ["CONTENT_TYPE_LATEST", "count_request", "exposition", "outbox_waiting", "shunt_waiting"]

_requests = Histogram(
    "clew_http_request_seconds",
    "Time to answer a request",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
outbox_waiting = Gauge("clew_outbox_waiting", "Events committed and not yet in the stream", ["service"])
shunt_waiting = Gauge("clew_shunt_waiting", "Events set aside for a person", ["service"])


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    _series(method, route, status).observe(seconds)


@cache
def _series(method: str, route: str, status: int) -> Histogram:
    return _requests.labels(method, route, status)


def exposition() -> bytes:
    return generate_latest(REGISTRY)
