"""The doctor on reports collected elsewhere: no worse than it was. score.py prints the figures and the misses."""
import score

FIRST, THREE = 0.64, 0.85  # a little below docs/evidence.md


def test_catalogue(mutual_release, shared):
    folder = shared / "failures"
    results = score.diagnose_all(mutual_release.path, score.read_rows(folder / "catalogue.tsv"), score.read_ambiguous(folder / "causes.md"))
    figures = score.figures(results)
    print(figures)
    assert figures["first"] >= FIRST and figures["three"] >= THREE and figures["confident_wrong"] <= 0.03


def test_the_measure():
    """Right, among three, wrong with confidence, undetermined: one of each."""
    row = score.Row("1", "s", "client", "Handshake_Failure!", "sni-missing", "", "")
    table = [(["handshake failure"], {"sni-missing"})]
    assert score.is_ambiguous(row, table) and not score.is_ambiguous(row._replace(cause="cert-expired"), table)
    results = [score.Result(row, ["sni-missing"], 0.9, True), score.Result(row, ["a", "b", "sni-missing"], 0.5, True),
               score.Result(row, ["a", "b", "c"], 0.85, False), score.Result(row, [], 0, False)]
    assert score.figures(results) == {"rows": 4, "first": 0.25, "three": 0.5, "confident_wrong": 0.25, "undetermined": 0.25,
                                      "determined": 1 / 3}
