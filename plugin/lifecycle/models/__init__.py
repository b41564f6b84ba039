"""The shipped stage models, one YAML file each, and the loader that checks and compiles rule files.

A rule file of one's own may hold a `model` or more `conditions`, `segments`, `flags`, `plays` … : what it
names anew is added, what it names again is replaced. Every fault is reported with file, line and column.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace
from pathlib import Path

from plugin.errors import ConfigError
from plugin.lifecycle.derived import Derived, Function
from plugin.lifecycle.deriving import DerivedError, DerivedFault, derive
from plugin.lifecycle.loading import Loader
from plugin.lifecycle.rulefile import Problem
from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping

_MODELS = Path(__file__).parent
_RULES = _MODELS.parent / "rules"
_CACHE: dict[tuple[object, ...], Models] = {}


def shipped_files() -> list[Path]:
    """The rule files that belong to the product, in the order read."""
    return [*sorted(_RULES.glob("*.yaml")), *sorted(_MODELS.glob("*.yaml"))]


def load_models(
    mapping: Mapping,
    extra_paths: Sequence[str | Path] = (),
    functions: MappingABC[str, Function] | None = None,
) -> Models:
    """The rules a mapping chooses, checked and compiled; the same files and mapping give the same object.

    `functions` stand in for those that installed packages offer as derived facts, by name (for tests).
    Raises RuleError (every fault with file, line and column), DerivedError (derived facts that cannot be
    used) or ConfigError (a model that does not exist).
    """
    paths = [*shipped_files(), *(Path(p) for p in extra_paths)]
    given = tuple((functions or {}).items())
    extras = mapping.extra_types()
    numbers = tuple(sorted(_numbers(mapping).items()))
    rules = (mapping.models, numbers, tuple(sorted(extras.items())), _stamps(extra_paths))
    key = (*rules, mapping.derived_facts, given)
    if key not in _CACHE:
        if len(_CACHE) > 64:  # one entry a mapping in use; old ones go when rule files are edited
            _CACHE.clear()
        derived = derive(mapping.derived_facts, extras, _numbers(mapping), functions)
        loaded = Loader(_numbers(mapping), extras, derived).load(paths)
        _CACHE[key] = _chosen(loaded, mapping)
    return _CACHE[key]


@dataclass(frozen=True)
class Faults:
    """What is wrong with rules: faults of the files, of derived facts, and all that could be read.

    `elsewhere` tells, of a name and the known ones, whether a part which cannot be read may well declare it;
    `notes` are called last: (file that cannot be read, what was not looked at for it).
    """

    problems: tuple[Problem, ...]
    derived: tuple[DerivedFault, ...]
    models: Models
    elsewhere: Callable[[str, Collection[str]], bool]
    notes: Callable[[], list[tuple[str, str]]]
    whole: bool  # all but some conditions was read: the stages, segments and flags are as they are meant


def rule_faults(
    mapping: Mapping, extra_paths: Sequence[str | Path], doubtful: Collection[str] = ()
) -> Faults:
    """Every fault at once, where `load_models` would raise the first kind; `doubtful` names are no faults."""
    numbers, extras = _numbers(mapping), mapping.extra_types()
    wrong: tuple[DerivedFault, ...] = ()
    derived: MappingABC[str, Derived] = {}
    unknown = set(doubtful)
    try:
        derived = derive(mapping.derived_facts, extras, numbers)
    except DerivedError as error:
        specs = mapping.derived_facts
        wrong = tuple(f for f in error.faults if f.key != "reads" or unknown.isdisjoint(specs[f.index].reads))
        unknown |= {spec.name for spec in specs}
    loader = Loader(numbers, extras, derived, unknown)
    models = loader.read([*shipped_files(), *(Path(p) for p in extra_paths)])
    whole = len(loader.problems) == loader.in_conditions
    return Faults(tuple(sorted(set(loader.problems))), wrong, models, loader.is_doubtful, loader.notes, whole)


def check_models(mapping: Mapping, extra_paths: Sequence[str | Path] = ()) -> list[str]:
    """Warnings about rules that are correct as written but cannot work, for example a stage never reached.

    With rule files of one's own, the shipped models that the mapping does not choose are left out: a
    condition that is replaced may leave them a stage that nobody reaches, and nobody is to mend that.
    """
    from plugin.lifecycle.reach import warnings_of

    models, chosen = load_models(mapping, extra_paths), mapping.models.all()
    told = {
        key: model
        for key, model in models.known.items()
        if not extra_paths or key in chosen or Path(model.file).parent != _MODELS
    }
    return warnings_of(replace(models, known=told), mapping)


def _numbers(mapping: Mapping) -> dict[str, float]:
    """What rules may name besides facts: the thresholds, and whether companies are read (1 or 0)."""
    return {**mapping.thresholds, "companies_read": float(mapping.companies)}


def _stamps(paths: Iterable[str | Path]) -> tuple[object, ...]:
    return tuple((str(p), Path(p).stat().st_mtime_ns if Path(p).exists() else None) for p in paths)


def _chosen(models: Models, mapping: Mapping) -> Models:
    for name in mapping.models.all():
        if name not in models.known:
            known = ", ".join(sorted(models.known))
            raise ConfigError(f"There is no stage model '{name}'.", cure=f"Choose one of: {known}.")
    return models.choose(mapping.models.all())
