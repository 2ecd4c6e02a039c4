"""Names of metrics in a row, for people."""

from collections.abc import Iterable


def by_family(names: Iterable[str]) -> str:
    """Names of metrics with each family said once.

    >>> by_family(["seam/lpips", "likeness/lpips", "likeness/lpips_slope"])
    'seam/lpips; likeness/lpips, lpips_slope'
    """
    families: dict[str, list[str]] = {}
    for name in names:
        family, _, rest = name.partition("/")
        families.setdefault(family, []).append(rest)
    return "; ".join(f"{family}/{', '.join(rests)}" for family, rests in families.items())
