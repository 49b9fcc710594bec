"""Five mistakes in one rules file: five errors at their line and column with hints, in one run, exit code 3.

And the packs that the guide shows are accepted as they stand there."""

import datetime as dt
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

MISTAKES = [
    ('weight = 60', 'wieght = 60', 'wieght'),  # an unknown key
    ('measure = "days_since"', 'measure = "days_sinse"', 'days_sinse'),  # an unknown measure
    ('"quiet_days >= 10"', '"quite_days >= 10"', 'quite_days'),  # an unknown field
    ('severity = "critical"', 'severity = "urgent"', 'urgent'),  # an unknown severity
    ('{outcome} is', '{outcom} is', 'outcom'),  # an unknown name in a template
]


def columns_that_only_rules_name(config, place):
    """Of a query that selects everything, only the database knows the columns."""
    before = pathlib.Path(config).read_text(), (place / "rules.toml").read_text()
    columns = "SELECT customer_id, name, segment, motion, account_manager FROM"
    assert columns in before[0]
    pathlib.Path(config).write_text(before[0].replace(columns, "SELECT *, 'west' AS region FROM"))
    (place / "rules.toml").write_text(
        before[1]
        + '[signal.calls]\ngroup = "use"\nweight = 0\nfrom = "touchpoints"\nmeasure = "count"\n'
        + "where = [\"channel == 'phone'\"]\n"
        + '[cap.far]\nat = 60\nwhen = ["regoin == \'west\'", "calls == 0"]\n'
    )
    assert harness.retaind("check", "--config", config).returncode == 0
    done = harness.retaind("check", "--config", config, "--connect")
    assert done.returncode == 4, done
    said = done.stderr
    assert 'dataset "customers": the rules name "regoin", a column that the query does not bring' in said, said
    assert 'did you mean "region"?' in said, said
    assert 'dataset "touchpoints": the rules name "channel", a column that the query does not bring' in said, said
    pathlib.Path(config).write_text(before[0])
    (place / "rules.toml").write_text(before[1])


def packs_in_the_guide(config, place):
    before = (place / "rules.toml").read_text()
    guide = (harness.ROOT / "docs/rules.md").read_text()
    packs = re.findall(r"```toml\n(.*?)```", guide, re.S)
    assert len(packs) >= 5, packs
    for pack in packs:
        assert pack.startswith("schema = 1\n"), f"not a whole pack:\n{pack}"
        shipped = rf'extends = "{harness.ROOT}/rules/\1.toml"'
        (place / "rules.toml").write_text(re.sub(r'extends = "([a-z-]+)"', shipped, pack))
        done = harness.retaind("check", "--config", config)
        assert done.returncode == 0, f"{pack}\n{done.stderr}"
    (place / "rules.toml").write_text(before)


def main():
    with harness.folder() as place:
        harness.write_sqlite(place / "company.db", harness.company_rows(dt.date(2025, 3, 31), customers=3))
        config = harness.configuration(place)
        good = harness.retaind("check", "--config", config, "--connect")
        assert good.returncode == 0, good.stderr + good.stdout
        columns_that_only_rules_name(config, place)
        packs_in_the_guide(config, place)
        text = harness.RULES
        for right, wrong, _ in MISTAKES:
            assert text.count(right) >= 1
            text = text.replace(right, wrong, 1)
        (place / "rules.toml").write_text(text)
        done = harness.retaind("check", "--config", config)
        assert done.returncode == 3, done
        lines = text.splitlines()
        found = [line for line in done.stderr.splitlines() if f"{place}/rules.toml:" in line]
        assert len(found) == len(MISTAKES), done.stderr
        for _, _, word in MISTAKES:
            row = next(n for n, line in enumerate(lines, 1) if re.search(rf"\b{word}\b", line))
            error = next((line for line in found if f"rules.toml:{row}:" in line), None)
            assert error, f"no error at line {row} ({word}):\n{done.stderr}"
            column = int(error.split(f"rules.toml:{row}:")[1].split(":")[0])
            assert (
                lines[row - 1][column - 1 :].lstrip("\"'[{ ").startswith(word)
                or abs(lines[row - 1].index(word) - (column - 1)) <= 1
            ), error
        for hint in ("weight", "days_since", "quiet_days", "outcome"):
            assert hint in done.stderr, f"no hint of {hint}"
        once = harness.once(config, dt.date(2025, 3, 31))
        assert once.returncode == 3, once.returncode
    print(done.stderr)
    print("1 passed, 0 failed")


main()
