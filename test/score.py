#!/usr/bin/env python3
"""How often `mutual doctor --log` names the cause of reports collected elsewhere (../shared/failures).

usage: score.py MUTUAL FOLDER [--set FILE] [--fold N ...] [--stack WORD ...] [--not-stack WORD ...] [--by] [--misses]

A row is right if its cause is the first one told. It is undetermined, not wrong, only if the line is one of those that several causes
print (the last table of causes.md), its cause is one of that line's, and the doctor was not confident. Five folds by hash of the id.
"""
import argparse
import collections
import concurrent.futures
import csv
import hashlib
import json
import pathlib
import re
import subprocess

CONFIDENT = 0.8
Row = collections.namedtuple("Row", "id stack side log cause fix source")
Result = collections.namedtuple("Result", "row codes confidence ambiguous")
STACKS = [("JSSE", "jsse|java|jdk|jvm|kafka|tomcat|jetty|spring|netty|keytool|maven|gradle|zookeeper|wildfly|elasticsearch|android|okhttp"),
          ("Go", r"\bgo\b|golang|etcd|kube|docker|traefik|caddy|vault|consul|terraform"), ("nginx", "nginx"), ("HAProxy", "haproxy"),
          ("httpd", "httpd|apache|mod_ssl"), ("Node", r"node|npm|electron"), ("Python", "python|requests|pip"), (".NET", r"\.net|kestrel|schannel|windows"),
          ("curl", "curl"), ("Rust", "rust"), ("GnuTLS", "gnutls"), ("NSS", r"\bnss\b|firefox|chrome"), ("OpenSSL", "openssl")]


def group_of(stack):
    return next((name for name, words in STACKS if re.search(words, stack.lower())), "other")


def plain(text):
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def read_rows(path):
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [Row(*(fields + [""] * 7)[:7]) for fields in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return [row._replace(log=row.log.replace("\\n", "\n").replace("\\t", "\t")) for row in rows if row.id != "id"]


def fold_of(row_id):
    return hashlib.sha256(row_id.encode()).digest()[0] % 5 + 1


def read_ambiguous(path):
    """The last table: [(phrases, causes, the side that printed it or None)]"""
    table = []
    for line in path.read_text(encoding="utf-8").split("## Lines that several causes print")[1].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and not set(cells[0]) <= {"-"} and cells[0] != "line":
            parts = [plain(re.sub(r"\(\d+\)", "", part)) for part in re.split(r"[;,/]", cells[0])]
            phrases = [part for part in parts if not re.match(r"(seen|logged) by|tls 1 3|in certificate chain", part)]
            table.append((phrases, set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)+", cells[1])) or {cells[1]}))
    return table


def is_ambiguous(row, table):
    text = f" {plain(row.log)} "
    return any(row.cause in causes and any(f" {phrase} " in text for phrase in phrases) for phrases, causes in table)


def examine(mutual, text):
    run = subprocess.run([mutual, "doctor", "--log", "-", "--json"], input=text.encode(), capture_output=True, check=False)
    assert run.returncode in (0, 1, 4), run.stderr.decode()
    return json.loads(run.stdout)


def diagnose(mutual, row, table):
    findings = examine(mutual, row.log)["findings"]
    codes = [finding["code"] for finding in findings]
    return Result(row, codes, findings[0]["confidence"] if findings else 0, is_ambiguous(row, table))


def diagnose_all(mutual, rows, table):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda row: diagnose(mutual, row, table), rows))


def is_right(result):
    return result.row.cause in result.codes[:1]


def is_undetermined(result):
    return not is_right(result) and result.ambiguous and result.confidence < CONFIDENT


def figures(results):
    """Shares of all rows; "determined": right first among the rows that are not undetermined."""
    total, right = len(results) or 1, sum(map(is_right, results))
    undetermined = sum(map(is_undetermined, results))
    return {"rows": len(results), "first": right / total, "three": sum(r.row.cause in r.codes[:3] for r in results) / total,
            "confident_wrong": sum(r.confidence >= CONFIDENT and not is_right(r) for r in results) / total,
            "undetermined": undetermined / total, "determined": right / ((total - undetermined) or 1)}


def line_of(name, results):
    f = figures(results)
    return (f"{name:34} {f['rows']:4} rows  first {f['first']:6.1%}  among three {f['three']:6.1%}  confident and wrong "
            f"{f['confident_wrong']:6.1%}  undetermined {f['undetermined']:6.1%}  first of the determined {f['determined']:6.1%}")


def grouped(results, key):
    groups = collections.defaultdict(list)
    for result in results:
        groups[key(result.row)].append(result)
    return sorted(groups.items())


def miss_of(result):
    how = "undetermined" if is_undetermined(result) else "WRONG" if result.confidence >= CONFIDENT else "missed"
    told = ", ".join(result.codes[:4]) or "nothing"
    return f"{how} {result.row.id} [{result.row.stack}; {result.row.side}] {result.row.cause}, told {told} ({result.confidence:.2f})\n" \
           f"    {result.row.log!r}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mutual")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--set", type=pathlib.Path, help="other rows than FOLDER/catalogue.tsv")
    parser.add_argument("--fold", type=int, action="append")
    parser.add_argument("--stack", action="append", help="only these groups of stacks")
    parser.add_argument("--not-stack", action="append", default=[])
    parser.add_argument("--by", action="store_true", help="by stack and by cause")
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    rows = [row for row in read_rows(options.set or options.folder / "catalogue.tsv")
            if (not options.fold or fold_of(row.id) in options.fold) and group_of(row.stack) not in options.not_stack
            and (not options.stack or group_of(row.stack) in options.stack)]
    results = diagnose_all(options.mutual, rows, read_ambiguous(options.folder / "causes.md"))
    print(line_of("all", results))
    for key in (lambda row: group_of(row.stack), lambda row: row.cause) if options.by else ():
        print()
        for name, group in grouped(results, key):
            print(line_of(name, group))
    for result in results if options.misses else ():
        if not is_right(result):
            print(miss_of(result))


if __name__ == "__main__":
    main()
