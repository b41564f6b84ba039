"""For developers: tables of customers with the stages expected of them, as tests of one's own rules.

`check_table` compares a table (a YAML or CSV file, or a dict) with what the product computes; the pytest
plugin beside it does so for every file named `*.customers.yaml` or `*.customers.csv`. See docs/guide.md.
"""

from plugin.testing.checking import Disagreement, check_table, compare
from plugin.testing.tables import Case, Sale, Table, read_table

__all__ = ["Case", "Disagreement", "Sale", "Table", "check_table", "compare", "read_table"]
