"""`explain` through time: every number adds up, past scores come back under their own rules, and what moved a score is
never put down to the customer when it was the rules or the data."""

import datetime as dt
import json
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

YESTERDAY = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=1)
BEFORE = YESTERDAY - dt.timedelta(days=1)
LINES = ("prior", "caps", "weakest_part", "profile", "rules", "engine", "data")
CHANGES = ("change", "change_7d", "change_30d")


def explained(config, *more):
    done = harness.retaind("explain", "--all", "--json", "--config", config, *more)
    assert done.returncode == 0, done.stderr
    return {e["customer_id"]: e for e in map(json.loads, done.stdout.splitlines())}


def expect_sums(explanations):
    """Terms to the health, and lines of a change to the difference, to 1e-9."""
    changes = 0
    for e in explanations.values():
        total = e["prior"] + sum(t["contribution"] for t in e["terms"]) + e["weakest_part"] + e["caps"]
        assert abs(total - e["health"]) < 1e-9, e
        for change in filter(None, (e[name] for name in CHANGES)):
            moved = sum(t["points"] for t in change["terms"]) + sum(change[line] for line in LINES)
            assert abs(change["before"] + moved - change["after"]) < 1e-9, change
            assert change["after"] == e["health"], change
            changes += 1
    return changes


def watched_company(place):
    """Forty days are known; the newest is the day before yesterday."""
    rows = harness.company_rows(YESTERDAY, customers=30, days=100)
    harness.write_sqlite(place / "company.db", rows)
    config = harness.configuration(place)
    done = harness.retaind("replay", "--config", config, "--from", BEFORE - dt.timedelta(days=40), "--to", BEFORE)
    assert done.returncode == 0, done.stderr
    return config


def test_every_number_adds_up(place):
    explanations = explained(watched_company(place))
    changes = expect_sums(explanations)
    assert changes == 3 * len(explanations) == 90, changes
    for e in explanations.values():
        for name, days in zip(CHANGES, (1, 7, 30)):
            assert e[name]["since"] == str(BEFORE - dt.timedelta(days=days)), e[name]
            assert e[name]["rules"] == e[name]["engine"] == e[name]["profile"] == 0, e[name]
    moved = [
        e["change_7d"] for e in explanations.values() if abs(e["change_7d"]["after"] - e["change_7d"]["before"]) > 1
    ]
    assert len(moved) > 5, "nothing moved, so nothing was checked"
    return f"{changes} changes of {len(explanations)} customers"


def test_changed_rules_are_not_the_customers_doing(place):
    config = watched_company(place)
    old = explained(config)
    rules = place / "rules.toml"
    rules.write_text(
        rules.read_text().replace("good = 0.9 } }", "good = 1.4 } }", 1)
        + '\n[[profile]]\nname = "north"\nmatch = ["segment == \'north\'"]\n[profile.signal.quiet_days]\nweight = 3\n'
    )
    assert harness.once(config, YESTERDAY).returncode == 0
    new = explained(config)
    expect_sums(new)
    for c, e in new.items():
        assert e["rules_hash"] != old[c]["rules_hash"]
        assert e["change"]["before"] == old[c]["health"], (c, "starts from what was said that day")
        assert [p for p in e["profiles"]] == (["north"] if int(c[1:]) % 2 == 0 else []), e["profiles"]
    by_rules = [e["change"]["rules"] for e in new.values()]
    assert sum(abs(points) > 0.5 for points in by_rules) > 10, by_rules
    text = harness.retaind("explain", "c001", "--config", config).stdout
    assert "changed rules (not the customer)" in text, text
    return f"{sum(p != 0 for p in by_rules)} of {len(new)} moved by rules, told apart"


def test_a_past_score_comes_back_under_its_own_rules(place):
    config = watched_company(place)
    old = explained(config)
    rules = place / "rules.toml"
    rules.write_text(rules.read_text().replace("weight = 60", "weight = 10"))
    assert harness.once(config, YESTERDAY).returncode == 0
    past = explained(config, "--as-of", BEFORE)
    expect_sums(past)
    assert {c: e["rules_hash"] for c, e in past.items()} == {c: e["rules_hash"] for c, e in old.items()}
    for c, e in past.items():
        for name in ("health", "smoothed", "band", "coverage", "prior", "risk", "terms"):
            assert e[name] == old[c][name], (c, name, e[name], old[c][name])
    assert any(e["health"] != explained(config)[c]["health"] for c, e in list(past.items())[:1])
    return f"{len(past)} customers, every number the same"


def test_rows_that_came_late_are_the_datas_doing(place):
    config = watched_company(place)
    old = explained(config)
    late = [("c001", str(BEFORE - dt.timedelta(days=20 + n)), 500.0) for n in range(10)]
    with sqlite3.connect(place / "company.db") as company:
        company.executemany("INSERT INTO usage VALUES (?, ?, ?)", late)
    assert harness.once(config, YESTERDAY).returncode == 0
    new = explained(config)
    expect_sums(new)
    change = new["c001"]["change"]
    assert change["before"] == old["c001"]["health"] and change["data"] < -1, change
    others = [abs(e["change"]["data"]) for c, e in new.items() if c != "c001"]
    assert max(others) < 1e-9, others
    return f"{change['data']:.1f} points of one customer, 0 of {len(others)} others"


def overwriting_company(place):
    """Its rules read everything that `overwrite` changes; a first cycle has seen the day before yesterday."""
    rows = harness.company_rows(YESTERDAY, customers=30, days=100)
    harness.write_sqlite(place / "company.db", rows)
    with sqlite3.connect(place / "company.db") as company:
        company.execute("ALTER TABLE customers ADD COLUMN tier TEXT")
        company.execute("ALTER TABLE customers ADD COLUMN parent_id TEXT")
        company.execute("UPDATE customers SET tier = CASE segment WHEN 'north' THEN 'gold' ELSE 'iron' END")
    config = harness.configuration(place)
    config.write_text(config.read_text().replace("account_manager FROM", "account_manager, tier, parent_id FROM"))
    with open(place / "rules.toml", "a") as rules:
        rules.write(
            """
[signal.tier]
group = "use"
from = "customers"
measure = "value"
field = "tier"
scale = { category = { gold = 100, iron = 10 } }

[cap.dear]
at = 60
when = ["mrr >= 120"]

[[profile]]
name = "north"
match = ["segment == 'north'"]
[profile.signal.quiet_days]
weight = 3
"""
        )
    return config


def overwrite(place):
    with sqlite3.connect(place / "company.db") as company:
        company.execute("UPDATE subscriptions SET mrr = mrr * 2, renews_on = date(renews_on, '+1 year')")
        company.execute("UPDATE customers SET tier = CASE tier WHEN 'gold' THEN 'iron' ELSE 'gold' END")
        company.execute("UPDATE customers SET segment = CASE segment WHEN 'north' THEN 'south' ELSE 'north' END")
        company.execute("UPDATE customers SET name = 'New ' || name, account_manager = 'm0', motion = 'price'")
        company.execute("UPDATE customers SET parent_id = 'c000' WHERE customer_id = 'c001'")


def viewed(config, day):
    done = harness.once(config, day)
    assert done.returncode == 0, done.stderr
    view = json.loads(done.stdout)
    return {"customers": [{**c, "alerts": None} for c in view["customers"]], "segments": view["segments"]}


def test_what_the_source_overwrites_is_remembered(place):
    config = overwriting_company(place)
    live, old = viewed(config, BEFORE), explained(config)
    overwrite(place)
    assert explained(config)["c001"]["health"] != old["c001"]["health"], "the newest day is as the next cycle sees it"
    now = viewed(config, YESTERDAY)
    assert [c["name"] for c in now["customers"]] != [c["name"] for c in live["customers"]]
    past = explained(config, "--as-of", BEFORE)
    expect_sums(past)
    for c, e in past.items():
        for name in e.keys() - {"alerts"}:
            assert e[name] == old[c][name], (c, name, e[name], old[c][name])
    assert viewed(config, BEFORE) == live, "once, too, shows the day as it was"
    brief = harness.retaind("brief", "c001", "--config", config, "--as-of", BEFORE)
    assert "Customer 1 " in brief.stdout and "New" not in brief.stdout, brief.stdout
    why = harness.retaind("why-not", "c001", "health_low", "--json", "--config", config, "--as-of", BEFORE)
    assert str(old["c001"]["health"])[:8] in why.stdout, why.stdout
    said = harness.retaind("explain", "c001", "--config", config, "--as-of", BEFORE).stdout
    assert "the cycle of that day said" not in said, said
    return f"{len(past)} customers as they were"


def test_what_was_overwritten_is_a_change_of_its_own(place):
    config = overwriting_company(place)
    viewed(config, BEFORE)
    old = explained(config)
    overwrite(place)
    viewed(config, YESTERDAY)
    new = explained(config)
    expect_sums(new)
    for c, e in new.items():
        assert e["change"]["before"] == old[c]["health"]
        assert abs(e["change"]["data"]) < 1e-9, (c, "no data came late", e["change"])
    by_tier = [t["points"] for e in new.values() for t in e["change"]["terms"] if t["signal"] == "tier"]
    assert sum(abs(points) > 1 for points in by_tier) > 20, by_tier
    return f"{len(new)} customers, told by the column that changed"


harness.run_tests(globals())
