"""The pytest plugin: every `*.customers.yaml` and `*.customers.csv` is a file of tests, one a customer.

Installed packages bring it along (entry point `pytest11`). It imports the product only when there is such a
file, or a test asks for the fixture `customer_table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugin.testing.cases import Case, Table
    from plugin.testing.checking import Trials
    from plugin.testing.trial import Disagreement

ENDINGS = (".customers.yaml", ".customers.yml", ".customers.csv")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CustomerFile | None:
    """A table of customers is a file of tests."""
    if not file_path.name.endswith(ENDINGS):
        return None
    found: CustomerFile = CustomerFile.from_parent(parent, path=file_path)
    return found


@pytest.fixture
def customer_table() -> Callable[..., None]:
    """`customer_table(source, mapping=None, functions=None)`: fails, readably, unless the table holds."""
    from plugin.testing.checking import check_table

    return check_table


class CustomerFile(pytest.File):
    """One table."""

    _trials: Trials | None = None

    def collect(self) -> Iterator[CustomerItem]:
        """One test a customer; a table that cannot be read is an error of collection."""
        from plugin.errors import LifecycleError
        from plugin.testing.tables import read_table

        try:
            table = read_table(self.path)
        except LifecycleError as error:
            raise self.CollectError(str(error)) from error
        for case in table.cases:
            yield CustomerItem.from_parent(self, name=case.name, table=table, case=case)

    def trials(self, table: Table) -> Trials:
        """The table's rules, loaded when the first of its customers is looked at."""
        from plugin.testing.checking import Trials

        if self._trials is None:
            self._trials = Trials(table)
        return self._trials


class Differs(Exception):
    """The customer is not as expected: an inner signal, shown by `repr_failure`."""

    def __init__(self, found: list[Disagreement]) -> None:
        super().__init__(f"{len(found)} differences")
        self.found = found


class CustomerItem(pytest.Item):
    """One customer of a table."""

    def __init__(self, *, parent: CustomerFile, table: Table, case: Case, **kwargs: Any) -> None:
        super().__init__(parent=parent, **kwargs)
        self.file, self.table, self.case = parent, table, case

    def runtest(self) -> None:
        """Evaluate the customer on the days named."""
        found = self.file.trials(self.table).disagreements(self.case)
        if found:
            raise Differs(found)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The differences, a line each; a fault of the table or the rules as its own message."""
        from plugin.errors import LifecycleError

        if isinstance(excinfo.value, Differs):
            lines = [f"{self.table.name}: {self.case.name}", *(f"  {one}" for one in excinfo.value.found)]
            return "\n".join(lines)
        if isinstance(excinfo.value, LifecycleError):
            return f"{self.table.name}: {self.case.name}\n  {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the test is, for reports."""
        return self.path, None, self.case.name
