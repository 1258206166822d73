"""What a model costs where it is asked, from the price list that `genai-prices` brings along. No network."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seedstock.teachers.base import BatchTeacher, Price

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

_HALF_PRICE_BATCHES = frozenset({"openai", "anthropic"})
_BATCH = {"processing": "batch"}
_LONGEST_NAME = 300


def price_of(teacher: Any) -> tuple[Price, str] | None:
    """What a teacher's tokens cost and who says so: the config, or the price list; None if unknown."""
    if teacher.settings.price is not None:
        return teacher.settings.price, "the config"
    model, address = getattr(teacher.settings, "model", None), teacher.server
    if not (model and address):
        return None
    return listed_price(model, address, batch=isinstance(teacher, BatchTeacher))


def listed_price(model: str, base_url: str, batch: bool = False) -> tuple[Price, str] | None:
    """What the provider at `base_url` asks for `model` today, in dollars, and a word on the source.

    None where the list does not know the address or the model: a model at an unknown address has no
    known price, whatever its name. Where the price depends on the length of the prompt, that of short prompts
    counts. A batch costs what the list says of batches; else half at OpenAI and Anthropic, who promise
    that, and as much as single requests elsewhere. Never raises.
    """
    url = _address(base_url)
    if url is None or not 0 < len(model) <= _LONGEST_NAME:
        return None
    single = _looked_up(model, url, {})
    if single is None:
        return None
    listed = _looked_up(model, url, _BATCH) if batch and _lists_batches(single) else None
    half = batch and listed is None and single.provider.id in _HALF_PRICE_BATCHES
    price = _price((listed or single).model_price, 2 if half else 1)
    if price is None:
        return None
    kind = ""
    if batch:
        kind = "half price for batches" if half else "batch price" if listed else "no batch price"
    return price, ", ".join(filter(None, [_source(single), kind]))


def _address(base_url: str) -> str | None:
    """The address as the list's patterns should see it; None where it cannot be a known provider's.

    Dots of the path are hidden: a pattern such as `(.*\\.)?googleapis\\.com` would find a host there.
    """
    try:
        parts = urlsplit(base_url.strip())
        standard = parts.port in (None, 443)
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname or not standard:
        return None
    return f"https://{parts.hostname}{parts.path.replace('.', '_')}"


def _looked_up(model: str, url: str, context: dict[str, str]) -> PriceCalculation | None:
    from genai_prices import Usage, calc_price

    try:
        found = calc_price(Usage(), model, provider_api_url=url, price_context=context)
    except (LookupError, ValueError):
        return None
    return found if _is_whole_host(found.provider.api_pattern, url) else None


def _is_whole_host(pattern: str, url: str) -> bool:
    """Whether the pattern covers the host to its end, or to its last label (`https://api\\.moonshot\\.`).

    The list looks at beginnings only: `https://api.openai.com.example` would be OpenAI.
    """
    host_end = len("https://") + len(urlsplit(url).netloc)
    match = re.match(pattern, url)
    if match is None:
        return False
    left = url[match.end() : host_end]
    return not left or (match[0].endswith(".") and left.isalpha())


def _lists_batches(single: PriceCalculation) -> bool:
    """Whether the list has a price of its own for batches of this model, and it holds today."""
    now = datetime.now(UTC)
    return any(
        variant.when == _BATCH and (variant.constraint is None or variant.constraint.active(now))
        and variant.prices.input_mtok is not None
        for variant in single.model.price_variants or ()
    )  # fmt: skip


def _price(listed: Any, divisor: int) -> Price | None:
    """The list's prices as ours; None where one of input and output has none."""
    given = {
        "input": _base(listed.input_mtok), "output": _base(listed.output_mtok),
        "cached_input": _base(listed.cache_read_mtok), "cache_write": _base(listed.cache_write_mtok),
    }  # fmt: skip
    figures = {name: float(figure / divisor) for name, figure in given.items() if figure is not None}
    return Price(**figures) if {"input", "output"} <= figures.keys() else None


def _base(price: Any) -> Decimal | None:
    """The price of short prompts, where it has steps."""
    figure = getattr(price, "base", price)
    return figure if isinstance(figure, Decimal) else None


def _source(found: PriceCalculation) -> str:
    from genai_prices import __version__

    return f"genai-prices {__version__}, {found.provider.id}/{found.model.id}"
