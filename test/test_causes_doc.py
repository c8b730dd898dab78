"""docs/causes.md is what the program prints from its tables."""
from lab.env import ROOT


def test_is_up_to_date(mutual):
    printed = mutual("explain", "--all").out
    assert printed.count("\n## ") > 100
    assert (ROOT / "docs/causes.md").read_text() == printed, "run: mutual explain --all > docs/causes.md"
