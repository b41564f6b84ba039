"""For developers: tables of customers with the stages expected of them, as tests of one's own rules.

`check_table` compares a table (a YAML or CSV file, or a dict) with what the product computes. The pytest
plugin beside it does so for every file named `*.customers.yaml` or `*.customers.csv`, and without pytest
`lifecycle models check --customers`. See docs/guide.md.
"""

from plugin.testing.cases import Case, Sale, Table
from plugin.testing.checking import Trials, check_table
from plugin.testing.tables import read_table
from plugin.testing.trial import Disagreement

__all__ = ["Case", "Disagreement", "Sale", "Table", "Trials", "check_table", "read_table"]
