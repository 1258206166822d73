"""Invented names, places, companies and addresses from Faker, in the shape of the value they replace."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from seedstock.rules.shapes import case_of
from seedstock.rules.tokens import has_digit, words

if TYPE_CHECKING:
    from faker import Faker

# What a field's name (or its type) says about its values. The last word of a name decides:
# a `company_name` is a company, a `person_city` a city.
PROVIDERS: dict[str, frozenset[str]] = {
    "person": frozenset(
        "person reporter reported actor actress director author writer customer client contact operator "
        "employee technician artist singer player patient caller sender recipient fullname per".split()
    ),
    "city": frozenset("city town location place destination origin country gpe loc".split()),
    "company": frozenset("company organisation organization employer supplier vendor org".split()),
    "email": frozenset({"email", "mail"}),
    "phone": frozenset({"phone", "telephone", "mobile", "fax"}),
}
NAME_WORDS = frozenset({"name", "text", "value", "by", "address", "number"})
"""Words that say nothing about the kind of value: the word before them, or the type, decides."""

SHAPES = {
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "phone": re.compile(r"\+?[\d ()/-]{6,20}"),
}


def provider_of(field: str) -> str | None:
    """The provider for a field such as `reported_by` or `entities[].text|type=person`, if any."""
    path, _, kind = field.partition("|")
    said = words(kind.rpartition("=")[2].lower().replace("_", " ")) if kind else _last_name(path)
    told = [word for word in said if word not in NAME_WORDS]
    if not told:
        return "person" if said == ["name"] else None
    return next((name for name, known in PROVIDERS.items() if told[-1] in known), None)


def suits(provider: str, value: str) -> bool:
    """True where the value looks like something the provider invents."""
    if provider in SHAPES:
        return bool(SHAPES[provider].fullmatch(value)) and (provider == "email" or has_digit(value))
    parts = words(value)
    if has_digit(value) or not 1 <= len(parts) <= 4 or any(len(part) < 2 for part in parts):
        return False
    if provider == "company" and len(parts) == 1:
        return False  # a surname alone would be a person's
    return case_of(value) == "title" or (provider == "person" and case_of(value) in ("lower", "upper"))


def invented(provider: str, like: str, seed: int) -> str:
    """A value from `provider` in the letter case and number of words of `like`; same seed, same value."""
    fake = _faker()
    fake.seed_instance(seed)
    if provider == "phone":
        return "".join(str(fake.random_int(1, 9)) if char.isdigit() else char for char in like)
    value = {"person": _person, "city": _city, "company": _company, "email": _email}[provider](fake, like)
    return {"lower": value.lower, "upper": value.upper}.get(case_of(like), value.__str__)()


def _person(fake: Faker, like: str) -> str:
    first, last = str(fake.first_name()), str(fake.last_name())
    return first if len(words(like)) == 1 else f"{first} {last}"


def _city(fake: Faker, like: str) -> str:
    # Faker builds towns of one word from a surname and an ending, towns of two with a prefix.
    last = str(fake.last_name())
    if len(words(like)) == 1:
        return last + str(fake.city_suffix())
    return f"{fake.city_prefix()} {last}{fake.city_suffix()}"


def _company(fake: Faker, like: str) -> str:  # noqa: ARG001
    return f"{fake.last_name()} {fake.company_suffix()}"


def _email(fake: Faker, like: str) -> str:  # noqa: ARG001
    return f"{fake.first_name()}.{fake.last_name()}@example.com".lower()


def _last_name(path: str) -> list[str]:
    return words(path.replace("[]", "").rpartition(".")[2].replace("_", " ").lower())


@cache
def _faker() -> Faker:
    """One instance per process: making one is slow, and it is seeded anew for every value."""
    from faker import Faker

    return Faker("en_US")
