"""Settings that cannot be are refused before anything starts, by their name."""

import pytest
from clew_shared.runtime.settings import BadSetting, load_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLEW_SMTP_PORT", "70000"),
        ("CLEW_HTTP_PORT", "eighty"),
        ("CLEW_INTAKE_DOMAIN", "deals@firm.example"),
        ("CLEW_INTAKE_ALIASES", "sales, info@firm.example"),
        ("CLEW_TEAM", "ann@firm.example,bob"),
        ("CLEW_TEAM_DOMAINS", "@firm.example"),
        ("CLEW_MAIL_FROM", "the sales team"),
        ("CLEW_MAIL_RELAYS", "192.0.2.0/24,the-relay"),
        ("CLEW_DNS_SERVERS", "ns.firm.example"),
        ("CLEW_SMTP_TLS_CERT", "/not/there.pem"),
        ("CLEW_MAX_MAIL_BYTES", "50MB"),
        ("CLEW_MAIL_KEEP_DAYS", "0"),
        ("CLEW_IMAP_IDLE_SECONDS", "1800"),
        ("CLEW_LOG_LEVEL", "loud"),
        ("CLEW_REGION", "Germany"),
        ("CLEW_PUBLIC_URL", "clew.firm.example"),
        ("CLEW_NATS_URL", "127.0.0.1:4222"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_setting(name: str, value: str) -> None:
    """Most of these started, and failed at the first mail or with a stack that named no setting."""
    with pytest.raises(BadSetting, match=name):
        load_settings({name: value})


def test_the_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(BadSetting) as refused:
        load_settings({"CLEW_DATABASE_URL": "mysql://clew:hush@db/clew"})

    assert "hush" not in str(refused.value)


def test_what_operators_write_is_taken() -> None:
    taken = load_settings(
        {
            "CLEW_DATABASE_URL": "postgresql://clew:p@ss,w/rd@db1:5432/clew?sslmode=require",
            "CLEW_NATS_URL": "nats://a:4222,nats://b:4222",
            "CLEW_INTAKE_ALIASES": "sales, info",
            "CLEW_TEAM": "Ann@Firm.example, jörg@müller.example",
            "CLEW_TEAM_DOMAINS": "firm.example, müller.example,",
            "CLEW_DNS_SERVERS": "192.0.2.53,2001:db8::53,127.0.0.1:5353",
            "CLEW_MAIL_FROM": '"Firm, sales" <sales@firm.example>',
            "CLEW_LOG_LEVEL": "INFO",
            "CLEW_PUBLIC_URL": "",
        }
    )

    assert taken.team_domains == ("firm.example", "müller.example")
    assert taken.public_url is None


@pytest.mark.parametrize(("given", "read"), [("yes", True), ("1", True), ("TRUE", True), ("no", False), ("off", False)])
def test_yes_and_no_are_read_as_people_write_them(given: str, read: bool) -> None:
    assert load_settings({"CLEW_LISTS_OPEN_DEALS": given}).lists_open_deals is read


def test_what_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(BadSetting, match="LISTS_OPEN_DEALS"):
        load_settings({"CLEW_LISTS_OPEN_DEALS": "perhaps"})
