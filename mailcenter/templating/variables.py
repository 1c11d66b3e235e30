"""What a mail template may use, and what it must show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Parts:
    """The three sources of a template, or what became of them."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Variable:
    """name: as the template writes it.

    sample: a value as it may come, or a function without arguments that returns one. Its shape
        is a promise too: ``{{ order.number }}`` works where the sample is a dict with that key.
    required: text and HTML must both show it, wherever it has a value.
    secret: opens an account; the log never holds it.
    """

    name: str
    description: str | Promise
    sample: Any | Callable[[], Any]
    required: bool = False
    secret: bool = False


@dataclass(frozen=True)
class Case:
    """One of the shapes in which a mail comes: by link or by code, this notice or that.

    variables: names of those that have a value in this case. values: instead of their samples.
    """

    slug: str
    label: str | Promise
    variables: frozenset[str]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contract:
    """whole_document: the HTML is a document of its own, with head and style: the layout."""

    variables: tuple[Variable, ...]
    cases: tuple[Case, ...]
    whole_document: bool = False

    @property
    def names(self) -> frozenset[str]:
        return frozenset(variable.name for variable in self.variables)

    @property
    def required(self) -> frozenset[str]:
        return frozenset(variable.name for variable in self.variables if variable.required)

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset(variable.name for variable in self.variables if variable.secret)

    def samples(self, case: Case) -> dict[str, Any]:
        """A value for each name; "" for those that have none in this case.

        In the active language: a sample may be a function that writes "10 minutes".
        """
        return {
            variable.name: (
                _value(case.values.get(variable.name, variable.sample))
                if variable.name in case.variables
                else ""
            )
            for variable in self.variables
        }


def _value(sample: Any) -> Any:
    return sample() if callable(sample) else sample
