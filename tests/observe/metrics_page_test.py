"""docs/operate.md lists the metrics as the code's table has them. With --write it makes the list."""

import re
import sys

import boards
import harness

PAGE = harness.ROOT / "docs/operate.md"


def rows():
    yield "| metric | type | labels | what it says |"
    yield "|---|---|---|---|"
    for name, (kind, labels, help) in boards.metric_table().items():
        yield f"| `{name}` | {kind} | {', '.join(labels)} | {help} |"


def main():
    text = PAGE.read_text()
    listed = re.search(r"\n## Metrics\n\n(.*?)(?=\n## |\Z)", text, re.S)
    wanted = "\n".join(rows()) + "\n"
    if "--write" in sys.argv:
        PAGE.write_text(text[: listed.start(1)] + wanted + text[listed.end(1) :])
    else:
        assert listed[1] == wanted, "docs/operate.md and metric_table() differ: metrics_page_test.py --write"
        print(f"{len(boards.metric_table())} metrics")


main()
