#!/usr/bin/env python3
"""The last page of ./dev test: time per suite, what was skipped and why, one closing line, one JSON file.

Reads, per build folder, reports/tests.json (ctest's list), reports/ctest.junit (what ran) and the XML reports of the
GoogleTest executables beside them. Exits 1 when a test failed, a build broke, or the time limit has passed.
"""
import argparse
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as xml


def labels_by_test(build):
    listed = json.loads((build / "reports/tests.json").read_text())
    labels = {}
    for test in listed["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        labels[test["name"]] = properties.get("LABELS", ["other"])
    return labels


def skipped_cases(report):
    """(name, reason) of each case of a GoogleTest report that was skipped."""
    for case in report.iter("testcase"):
        skip = case.find("skipped")
        if skip is not None:
            reason = " ".join((skip.get("message") or "no reason given").split())
            yield f'{case.get("classname")}.{case.get("name")}', re.sub(r"^\S+:\d+ ", "", reason)


def script_skip_reason(case):
    found = re.search(r"SKIPPED: (.*)", case.findtext("system-out") or "")
    return found.group(1).strip() if found else "no reason given"


def read_build(build):
    """One row per test that ctest ran in this build folder."""
    junit = build / "reports/ctest.junit"
    if not junit.exists():
        return []
    suites = labels_by_test(build)
    rows = []
    for case in xml.parse(junit).getroot().iter("testcase"):
        name = case.get("name")
        row = {
            "build": build.name,
            "suite": suites.get(name, ["other"])[0],
            "test": name,
            "cases": 1,
            "skipped": [],
            "seconds": round(float(case.get("time")), 3),
            "passed": case.get("status") == "run",
        }
        report = build / "reports" / f"{name}.xml"
        if case.find("skipped") is not None and case.find("skipped").get("message", "").startswith("SKIP"):
            row["passed"] = True
            row["skipped"] = [[name, script_skip_reason(case)]]
        elif report.exists():
            root = xml.parse(report).getroot()
            row["cases"] = int(root.get("tests"))
            row["skipped"] = [list(skip) for skip in skipped_cases(root)]
        rows.append(row)
    return rows


def table(rows, build_seconds):
    print(f'{"suite":<22} {"tests":>6} {"cases":>7} {"skipped":>8} {"failed":>7} {"seconds":>9}')
    for build in dict.fromkeys([*build_seconds, *(row["build"] for row in rows)]):
        if build in build_seconds:
            print(f'{build + ": build":<22} {"":>6} {"":>7} {"":>8} {"":>7} {build_seconds[build]:>9.1f}')
        of_build = [row for row in rows if row["build"] == build]
        for suite in sorted({row["suite"] for row in of_build}):
            mine = [row for row in of_build if row["suite"] == suite]
            print(
                f'{build + ": " + suite:<22} {len(mine):>6} {sum(r["cases"] for r in mine):>7} '
                f'{sum(len(r["skipped"]) for r in mine):>8} {sum(not r["passed"] for r in mine):>7} '
                f'{sum(r["seconds"] for r in mine):>9.1f}'
            )


def verdict(rows, options):
    """What is wrong with this run, as sentences; nothing when all is well."""
    wrong = [f'{row["build"]}: {row["test"]} failed' for row in rows if not row["passed"]]
    for build in options.broken.split():
        if not any(row["build"] == build and not row["passed"] for row in rows):
            wrong.append(f"{build}: the build or the run of its tests broke off")
    if not rows:
        wrong.append("no test ran at all")
    if options.seconds > options.limit_minutes * 60:
        wrong.append(f"the run took {options.seconds / 60:.1f} minutes, more than {options.limit_minutes}")
    return wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, required=True)
    arguments.add_argument("--limit-minutes", type=float, required=True)
    arguments.add_argument("--broken", default="", help="presets whose run ended with an error")
    arguments.add_argument("--json", type=pathlib.Path, required=True)
    arguments.add_argument("builds", nargs="+", type=pathlib.Path)
    options = arguments.parse_args()

    rows = [row for build in options.builds for row in read_build(build)]
    build_seconds = {}
    for build in options.builds:
        noted = build / "reports/build_seconds"
        if noted.exists():
            build_seconds[build.name] = float(noted.read_text())
    table(rows, build_seconds)

    skipped = [(row["build"], name, reason) for row in rows for name, reason in row["skipped"]]
    print(f"\n{len(skipped)} skipped{':' if skipped else ''}")
    for build, name, reason in skipped:
        print(f"  {build}: {name}: {reason}")

    wrong = verdict(rows, options)
    failed = sum(not row["passed"] for row in rows)
    options.json.write_text(
        json.dumps(
            {
                "passed": not wrong,
                "seconds": options.seconds,
                "limit_seconds": options.limit_minutes * 60,
                "build_seconds": build_seconds,
                "tests": len(rows),
                "cases": sum(row["cases"] for row in rows),
                "failed": failed,
                "skipped": len(skipped),
                "wrong": wrong,
                "rows": rows,
            },
            indent=1,
        )
        + "\n"
    )
    for sentence in wrong:
        print(f"FAILED  {sentence}")
    passed = 100 * (len(rows) - failed) // len(rows) if rows else 0
    print(
        f'\n{passed}% tests passed, {failed} tests failed out of {len(rows)}  '
        f'({sum(row["cases"] for row in rows)} cases, {len(skipped)} skipped, {options.seconds / 60:.1f} of '
        f'{options.limit_minutes:g} minutes)'
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
