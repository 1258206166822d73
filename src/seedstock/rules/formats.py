"""Dates, times and quantities: read, changed a little, and written in another format."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

MONTHS = (
    "January February March April May June July August September October November December"
).split()  # fmt: skip
MONTH = "|".join(MONTHS)
LEAP_YEAR = 2024
"""The year of dates written without one: every day of a year exists in it."""

DATE_FORMATS: dict[str, re.Pattern[str]] = {
    "iso": re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"),
    "dots": re.compile(r"(?P<d>\d{2})\.(?P<m>\d{2})\.(?P<y>\d{4})"),
    "dots_short": re.compile(r"(?P<d>\d{2})\.(?P<m>\d{2})\."),
    "slashes": re.compile(r"(?P<a>\d{2})/(?P<b>\d{2})/(?P<y>\d{4})"),
    "day_first": re.compile(rf"(?P<d>\d{{1,2}}) (?P<n>{MONTH}) (?P<y>\d{{4}})"),
    "month_first": re.compile(rf"(?P<n>{MONTH}) (?P<d>\d{{1,2}}), (?P<y>\d{{4}})"),
    "day_month": re.compile(rf"(?P<d>\d{{1,2}}) (?P<n>{MONTH})"),
    "month_day": re.compile(rf"(?P<n>{MONTH}) (?P<d>\d{{1,2}})"),
}
WITHOUT_YEAR = frozenset({"dots_short", "day_month", "month_day"})
TIME = re.compile(r"(?P<h>\d{1,2})(?P<sep>[:.])(?P<m>[0-5]\d)(?: ?(?P<half>[ap]m))?")
QUANTITY = re.compile(
    r"(?P<number>[-−+]?\d+(?:[.,]\d+)?)(?P<gap> ?)"
    r"(?P<unit>[^\W\d_]{1,4}(?:/[^\W\d_]{1,3})?|%|°[A-Za-z]{1,2})?"
)
NO_UNITS = frozenset("am pm st nd rd th".split())
DECADE = re.compile(r"(?:\d\d)?\d0 ?s")
UNITS: dict[str, tuple[str, Decimal]] = {
    "mm": ("length", Decimal(1)), "cm": ("length", Decimal(10)), "m": ("length", Decimal(1000)),
    "km": ("length", Decimal(1_000_000)), "g": ("mass", Decimal(1)), "kg": ("mass", Decimal(1000)),
    "W": ("power", Decimal(1)), "kW": ("power", Decimal(1000)), "MW": ("power", Decimal(1_000_000)),
    "V": ("voltage", Decimal(1)), "kV": ("voltage", Decimal(1000)), "mA": ("current", Decimal(1)),
    "A": ("current", Decimal(1000)), "ml": ("volume", Decimal(1)), "l": ("volume", Decimal(1000)),
    "mL": ("volume", Decimal(1)), "L": ("volume", Decimal(1000)), "mbar": ("pressure", Decimal(1)),
    "bar": ("pressure", Decimal(1000)), "s": ("time", Decimal(1)), "min": ("time", Decimal(60)),
    "h": ("time", Decimal(3600)), "Hz": ("frequency", Decimal(1)), "kHz": ("frequency", Decimal(1000)),
}  # fmt: skip
YEARS = range(1900, 2031)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it is written, with its unit ("" without one) and the space between them."""

    number: Decimal
    decimals: int
    comma: bool
    gap: str
    unit: str


def measure(text: str) -> Quantity | None:
    """`7.2 bar`, `64 %`, `-9 °C`, `1480`: None where the text is anything else.

    A comma or point with three digits behind it may stand for thousands: not read. Nor are decades,
    ordinals, hours of the day, and letters that stick to the number unless they are a known unit.
    """
    found = QUANTITY.fullmatch(text)
    if found is None or DECADE.fullmatch(text) or not _is_unit(found["unit"] or "", found["gap"]):
        return None
    _, point, behind = found["number"].replace(",", ".").partition(".")
    if point and len(behind) == 3:
        return None
    try:
        number = Decimal(found["number"].replace(",", ".").replace("−", "-"))
    except InvalidOperation:
        return None
    return Quantity(number, len(behind), "," in found["number"], found["gap"], found["unit"] or "")


def quantity_text(quantity: Quantity) -> str:
    """The quantity as text: the inverse of `measure` but for the sign `+`, which is not written."""
    number = f"{quantity.number:.{quantity.decimals}f}"
    return (number.replace(".", ",") if quantity.comma else number) + quantity.gap + quantity.unit


def near_quantity(text: str, spread: float, rng: random.Random) -> str | None:
    """Another number within `spread` (0.1 for a tenth) of the old one, same decimals, same unit.

    None where there is none: a count of one or two, a text that is no quantity. A year stays a year.
    """
    old = measure(text)
    if old is None or text[0] in "+−" or (old.decimals == 0 and abs(old.number) < 3) or _padded(text):
        return None
    step = Decimal(1).scaleb(-old.decimals)
    room = 15 * step if _is_year(old) else max(abs(old.number) * Decimal(str(spread)), step)
    most = max(int(room / step), 1)
    new = old.number + step * rng.randint(1, most) * rng.choice((-1, 1))
    if new * old.number <= 0 or not _plausible(new, old):
        return None
    return quantity_text(Quantity(new, old.decimals, old.comma, old.gap, old.unit))


def converted(text: str, units: frozenset[str]) -> list[str]:
    """The same quantity in others of the given units: `1200 mm` as `1.2 m`. Exact conversions only."""
    old = measure(text)
    if old is None or old.unit not in UNITS or text[0] in "+−":
        return []
    dimension, factor = UNITS[old.unit]
    out = []
    for unit in sorted(units - {old.unit}):
        if UNITS.get(unit, ("", factor))[0] != dimension:
            continue
        number = (old.number * factor / UNITS[unit][1]).normalize()
        decimals = max(0, -int(number.as_tuple().exponent))
        if decimals <= 2 and abs(number) < 100_000:
            out.append(quantity_text(Quantity(number, decimals, old.comma, old.gap, unit)))
    return out


def date_format(text: str) -> str | None:
    """The name of the date format a text is written in; None where it is no date, or not surely one."""
    return next((name for name in DATE_FORMATS if read_date(text, name) is not None), None)


def read_date(text: str, name: str) -> date | None:
    """The date that `text` says in the format `name`."""
    found = DATE_FORMATS[name].fullmatch(text)
    if found is None:
        return None
    part = found.groupdict()
    if name == "slashes":
        # 03/11/2024 may be in March or in November; 25/11/2024 may not.
        if int(part["a"]) <= 12:
            return None
        part |= {"d": part["a"], "m": part["b"]}
    month = MONTHS.index(part["n"]) + 1 if "n" in part else int(part["m"])
    try:
        return date(int(part.get("y", LEAP_YEAR)), month, int(part["d"]))
    except ValueError:
        return None


def date_text(day: date, name: str) -> str | None:
    """`day` in the format `name`; None where it would be ambiguous."""
    month = MONTHS[day.month - 1]
    if name == "slashes" and day.day <= 12:
        return None
    return {
        "iso": f"{day.year:04}-{day.month:02}-{day.day:02}",
        "dots": f"{day.day:02}.{day.month:02}.{day.year:04}",
        "dots_short": f"{day.day:02}.{day.month:02}.",
        "slashes": f"{day.day:02}/{day.month:02}/{day.year:04}",
        "day_first": f"{day.day} {month} {day.year}",
        "month_first": f"{month} {day.day}, {day.year}",
        "day_month": f"{day.day} {month}",
        "month_day": f"{month} {day.day}",
    }[name]


def near_date(text: str, formats: frozenset[str], rng: random.Random) -> str | None:
    """A date up to 60 days away, in the text's own format or in another of `formats`.

    Formats with and without the year are not exchanged. None where `text` is no date.
    """
    own = date_format(text)
    old = None if own is None else read_date(text, own)
    if own is None or old is None:
        return None
    peers = [name for name in DATE_FORMATS if (name in formats or name == own) and _same_year(name, own)]
    shift = rng.choice([days for days in range(-60, 61) if days])
    new = old + timedelta(days=shift) if 62 < old.toordinal() < date.max.toordinal() - 62 else old
    return None if new == old else date_text(new, rng.choice(peers))


def time_format(text: str) -> str | None:
    """`24:`, `24.`, `12:` or `12.`, with `pad` where the hour has two digits, for a time of day."""
    found = TIME.fullmatch(text)
    if found is None or (found["half"] is None and (found["sep"] == "." or int(found["h"]) > 23)):
        return None
    if found["half"] is not None and not 1 <= int(found["h"]) <= 12:
        return None
    return f"{24 if found['half'] is None else 12}{found['sep']}{'pad' if len(found['h']) == 2 else ''}"


def near_time(text: str, formats: frozenset[str], rng: random.Random) -> str | None:
    """A time up to an hour away on the same half of the day, in its own format or another of `formats`."""
    own, found = time_format(text), TIME.fullmatch(text)
    if own is None or found is None:
        return None
    old = int(found["h"]) % (24 if found["half"] is None else 12) * 60 + int(found["m"])
    old += 720 if found["half"] == "pm" else 0
    step = 5 if old % 5 == 0 else 1
    noon = old // 720 * 720
    near = [t for t in range(old - 60, old + 61, step) if noon <= t < noon + 720 and t != old]
    return _time_text(rng.choice(near), rng.choice(sorted(formats | {own})))


def _time_text(minutes: int, name: str) -> str:
    hour, minute = divmod(minutes, 60)
    width = 2 if "pad" in name else 1
    if name.startswith("24"):
        return f"{hour:0{width}}:{minute:02}"
    return f"{(hour - 1) % 12 + 1:0{width}}{name[2]}{minute:02} {'am' if hour < 12 else 'pm'}"


def _same_year(one: str, other: str) -> bool:
    return (one in WITHOUT_YEAR) == (other in WITHOUT_YEAR)


def _is_unit(unit: str, gap: str) -> bool:
    return unit.lower() not in NO_UNITS and (not unit or bool(gap) or unit in UNITS or unit[0] in "%°")


def _is_year(quantity: Quantity) -> bool:
    return quantity.unit == "" and quantity.decimals == 0 and int(quantity.number) in YEARS


def _padded(text: str) -> bool:
    digits = text.lstrip("-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()


def _plausible(new: Decimal, old: Quantity) -> bool:
    if old.unit == "%" and abs(old.number) <= 100:
        return abs(new) <= 100
    digits = len(str(int(abs(old.number))))
    return not _is_year(old) or (int(new) in YEARS and digits == 4)
