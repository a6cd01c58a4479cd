"""What is killed, in which order. Next: tests.faults.killer.Killer.strike"""

from dataclasses import dataclass

_CONSUMER_STEPS = ("received", "before_commit", "before_ack")
_RAIL = ("uow.before_commit", "uow.after_commit", "relay.before_publish", "relay.after_publish")


@dataclass(frozen=True, slots=True)
class Blow:
    """One kill of `target`: `how` is random, wiped, or the failpoint that it dies at the `passes`-th time.

    `is_armed`: it was started with that failpoint; else it is killed at random first, so that the next one is.
    """

    target: str
    how: str = "random"
    passes: int = 8
    is_armed: bool = False


def _long() -> list[Blow]:
    services = {
        "forms": ("forms.submit.before_commit", "forms.submit.after_commit", *_RAIL),
        "mail-intake": (
            "mail.accept.before_commit",
            "mail.accept.after_commit",
            *_consumer("mail-intake-process"),
            "mail.process.understood",
            *_RAIL,
        ),
        "lifecycle": (
            *_consumer("lifecycle-receive-enquiry-forms"),
            *_consumer("lifecycle-receive-enquiry-mail"),
            *_RAIL,
        ),
        "notify": (*_consumer("notify-announce"), "deliver.taken", *_RAIL),
    }
    blows = [Blow(service, place) for service, places in services.items() for place in places]
    # The engines' turns lie between those of the services, the lost store in the middle.
    engines = [Blow("nats"), Blow("postgres"), Blow("nats"), Blow("nats", "wiped"), Blow("postgres"), Blow("nats")]
    engines.append(Blow("postgres"))
    step = len(blows) // len(engines)
    for number, engine in enumerate(engines):
        blows.insert((number + 1) * step + number, engine)
    return blows


def _consumer(durable: str) -> list[str]:
    return [f"consumer.{durable}.{step}" for step in _CONSUMER_STEPS]


# One kind of place for each service; they are armed from the start, which saves a restart each.
_ARMED = (
    Blow("forms", "forms.submit.before_commit", 4, is_armed=True),
    Blow("mail-intake", "mail.accept.before_commit", 4, is_armed=True),
    Blow("lifecycle", "consumer.lifecycle-receive-enquiry-forms.before_ack", 8, is_armed=True),
    Blow("notify", "deliver.taken", 5, is_armed=True),
)

PLANS: dict[str, list[Blow]] = {
    "short": [*_ARMED, Blow("nats"), Blow("postgres"), Blow("nats", "wiped")],
    "long": _long(),
}


def armed_from_the_start(plan: str) -> str:
    """Give the setting that has the services start with the failpoints of this plan."""
    return ",".join(f"{blow.how}:{blow.passes}" for blow in PLANS[plan] if blow.is_armed)
