"""Rounding for display, half up (spec 0.5). Not for computing or for comparing with a target: use full precision."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal

# Wide enough for any float with any number of places a reader could want.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)


def half_up(value: float, dp: int) -> str:
    """The number as text with that many decimal places, halves away from zero: 0.25 to 1 dp is `0.3`.

    The decimal that the number prints as is rounded, so 74.95 becomes `75.0` although its binary value is a little
    less. No minus sign is left on a zero.

    Raises:
        ValueError: the number is not finite, or dp is below zero.
    """
    if not math.isfinite(value):
        raise ValueError("only a finite number can be rounded for display")
    if dp < 0:
        raise ValueError("decimal places must be zero or more")
    # float() first: repr of a numpy number is not a plain decimal. A whole number keeps all its digits.
    exact = Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))
    rounded = exact.quantize(Decimal(1).scaleb(-dp), context=_CONTEXT)
    return f"{abs(rounded) if rounded == 0 else rounded:f}"


def percent_text(part: int, whole: int, dp: int = 1) -> str:
    """`part` of `whole` as percent with that many decimal places, halves up, worked on whole numbers throughout.

    Raises:
        ValueError: part is below zero, whole not above zero, or dp below zero.
    """
    if part < 0 or whole <= 0 or dp < 0:
        raise ValueError("a percentage needs counts: part zero or more, whole above zero, decimal places zero or more")
    units = (2 * part * 100 * 10**dp + whole) // (2 * whole)
    before, after = divmod(units, 10**dp)
    return f"{before}.{after:0{dp}d}" if dp else str(before)


def round_to(value: int, base: int) -> int:
    """The multiple of base nearest to a whole number, halves away from zero: 12 to base 5 is 10, 13 is 15 (spec 4.8).

    Raises:
        ValueError: base is not above zero.
    """
    if base <= 0:
        raise ValueError("the base of rounding must be above zero")
    nearest = (2 * abs(value) + base) // (2 * base) * base
    return nearest if value >= 0 else -nearest
