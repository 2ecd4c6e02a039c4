"""Remarks in a few letters, so that a table stays narrow; what they stand for is said once, under it."""

from collections.abc import Iterable, Mapping

from eval import trust
from eval.metric import METRICS
from eval.value import Value

LONGEST = 14  # letters of a remark that stands in the table as it is
_SHORT = (
    ("first frames as reference", "own", "against its own first frames, as there is no --reference"),
    ("from ", "short", "a slope {}: below 30 s the person's own moves weigh"),
    ("small face", "small", "{}"),
    ("SyncNet-compatible", "compat.", "{}: compare such figures with each other, not with published ones"),
    ("by face geometry", "geom.", "{}"),
    ("by landmarks", "points", "{}"),
    ("no evidence", "no evid.", "{}"),
    ("windows not known", "no windows", ""),  # the line above the table says it
    ("no reference", "no ref.", "{}"),
    ("no footage", "no footage", "{}"),
    ("no speech", "no speech", "{}"),
    ("the video ends with the speech", "no tail", "{}"),
    ("experimental", "exp.", "experimental, it failed its calibration (why: python -m eval calibrate --show)"),
    ("not calibrated", "uncal.", "not calibrated: how far it can be trusted is not known"),
)
"""How a remark begins, what stands for it, and what that means (empty: need not be said)."""


class Shorthand:
    """Gives tokens for remarks and remembers what they stand for; what has no token of its own gets a number."""

    def __init__(self) -> None:
        self._meant: dict[str, dict[str, None]] = {}

    def of(self, remark: str) -> str:
        """What stands for ``remark`` in the table."""
        for start, token, words in _SHORT:
            if remark.startswith(start):
                self._meant.setdefault(token, {})[words.format(remark)] = None
                return token
        if len(remark) <= LONGEST:
            return remark
        found = next((token for token, texts in self._meant.items() if remark in texts), None)
        token = found or f"({1 + sum(one.startswith('(') for one in self._meant)})"
        self._meant.setdefault(token, {})[remark] = None
        return token

    @property
    def legend(self) -> list[str]:
        """One line a token, in the order of their first use."""
        return [f"{token}: {'; '.join(texts)}" for token, texts in self._meant.items() if "" not in texts]


def remarks_of(name: str, value: Value) -> list[str]:
    """What qualifies a number: how it was measured, and whether its metric is to be trusted; or why there is none."""
    if value.missing is not None:
        return [value.missing]
    doubt = trust.remark(name, value.flags)
    return [*value.flags, *([doubt] if doubt else [])]


def shared(values: Mapping[str, Value]) -> dict[str, set[str]]:
    """Flags that all figures of a family have, where it has several, by family: to be said once."""
    families: dict[str, list[set[str]]] = {}
    for name, value in values.items():
        if value.value is not None:
            families.setdefault(METRICS[name].family, []).append(set(value.flags))
    return {family: set.intersection(*flags) for family, flags in families.items() if len(flags) > 1}


def lines_of(common: Mapping[str, Iterable[str]]) -> list[str]:
    """The shared flags in words, families with the same ones together.

    >>> lines_of({"mouth": {"by landmarks"}, "tail": set(), "motion": {"by landmarks"}})
    ['mouth/, motion/: by landmarks']
    """
    told: dict[str, list[str]] = {}
    for family, flags in common.items():
        for flag in sorted(flags):
            told.setdefault(flag, []).append(f"{family}/")
    return [f"{', '.join(families)}: {flag}" for flag, families in told.items()]
