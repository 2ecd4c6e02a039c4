"""What the doctor finds, as values: one line each, and all of them as a report."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

Mark = Literal["ok", "risk", "fault", "unknown"]
MARKS: tuple[Mark, ...] = ("fault", "risk", "unknown", "ok")
"""The worst first. Only a fault stops a render: a risk may, and what is unknown cannot be told from here."""


@dataclass(frozen=True)
class Finding:
    """One thing about a server or a graph.

    ``topic`` is the word in the margin (server, card, models, …), ``code`` names the kind of finding for programs,
    ``about`` the parameter, node class, file or package it is about. A fault has a ``hint`` that says what to do.
    """

    mark: Mark
    topic: str
    code: str
    text: str
    hint: str = ""
    about: str = ""

    def cleaned(self, clean: Callable[[str], str]) -> "Finding":
        """The finding with every text of it made safe to show: a server's words may hold anything."""
        return Finding(self.mark, self.topic, self.code, clean(self.text), clean(self.hint), clean(self.about))


@dataclass(frozen=True)
class Report:
    """Everything found at one ``url``. ``kind`` is 'stand-in', 'comfyui', or empty where no server answered."""

    url: str
    kind: str
    findings: tuple[Finding, ...]

    def count(self, mark: Mark) -> int:
        """How many findings have this mark."""
        return sum(one.mark == mark for one in self.findings)

    @property
    def exit_code(self) -> int:
        """2 where something is a fault, 0 where nothing is."""
        return 2 if self.count("fault") else 0

    @property
    def verdict(self) -> str:
        """The report in a few words.

        >>> Report("", "", (Finding("risk", "queue", "busy", "one job runs"),)).verdict
        'no fault, 1 risk'
        """
        if all(one.mark == "ok" for one in self.findings):
            return "all well"
        faults = self.count("fault")
        parts = [f"{faults} fault{'' if faults == 1 else 's'}" if faults else "no fault"]
        if risks := self.count("risk"):
            parts.append(f"{risks} risk{'' if risks == 1 else 's'}")
        if unknown := self.count("unknown"):
            parts.append(f"{unknown} unknown")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, with the exit code that goes with it."""
        return {
            "url": self.url,
            "kind": self.kind,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "counts": {mark: self.count(mark) for mark in MARKS},
            "findings": [dataclasses.asdict(one) for one in self.findings],
        }


def listed(names: Iterable[str], most: int = 4) -> str:
    """The first names, and how many more there are.

    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    every = list(names)
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")
