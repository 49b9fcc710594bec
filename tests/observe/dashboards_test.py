"""Every expression of every dashboard and rule, asked of a real Prometheus that scrapes the demo company's daemon: it
parses, names only what the daemon has, and no panel comes back empty. What shows only a fault is empty at first, and
full once the fault is there."""

import datetime as dt
import json
import re
import shutil
import signal
import sqlite3

import boards
import harness

# Panels of operations.json without a word on the demo company, and why; each speaks when faults are provoked.
SILENT_IN_GOOD_HEALTH = {
    "Contradictions": "no row of the demo company contradicts itself",
    "Rows rejected": "none of its rows is bad",
    "Deliveries in an hour": "what was to be said was said by the replay, before the daemon began",
    "Alerts opened in a day": "likewise",
    "Outbox": "everything has arrived",
    "Oldest unsent message, by receiver": "likewise",
    "Time to the first answer": "nobody has answered",
}


def expressions(board):
    for panel in boards.panels(board):
        for target in panel["targets"]:
            yield f"{board['title']}, {panel['title']}", target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield f"{board['title']}, ${variable['name']}", variable["query"]["query"]
    for annotation in board["annotations"]["list"]:
        yield f"{board['title']}, {annotation['name']}", annotation["expr"]


def check_names(where, expression, table):
    for name, asked in boards.metrics_in(expression):
        family = boards.family_of(name, table)
        assert family in table, f"{where}: {name} is not in metric_table()"
        unknown = asked - set(table[family][1]) - boards.TARGET_LABELS
        assert not unknown, f"{where}: {name} has no label {unknown}"


def check_shape(name, board):
    """What a reader needs of each panel, and what makes a file of it that can be compared."""
    assert "id" not in board and "version" not in board, f"{name}: these are Grafana's, not ours"
    written = (boards.GRAFANA / name).read_text()
    assert written == boards.as_text(board) + "\n", f"{name}: python3 tests/observe/boards.py brings it into form"
    ids = [panel["id"] for panel in board["panels"]]
    assert ids == list(range(1, len(ids) + 1)), f"{name}: ids {ids}"
    titles = [panel["title"] for panel in board["panels"]]
    assert len(set(titles)) == len(titles), f"{name}: two panels of one title"
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, f"{name}: {panel['title']} lies on another panel"
        taken |= cells
    for panel in boards.panels(board):
        where = f"{name}: {panel['title']}"
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["description"].endswith("."), f"{where} has no description"
        units = "unit" in defaults or panel["type"] in ("table", "state-timeline")
        assert units, f"{where} has no unit"
        assert panel["datasource"]["uid"] == "${datasource}", where
    assert {v["name"] for v in board["templating"]["list"]} >= {"datasource", "company"}, name


def check_texts(where, panel, results):
    """Legends and columns name labels that are there."""
    for target, series in zip(panel["targets"], results):
        for label in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")):
            assert all(label in labels for labels, _ in series), f"{where}: a series without {label}"
    labels = {label for series in results for found, _ in series for label in found}
    if len(results) == 1:
        columns = {"Value"} | labels
    else:
        columns = {f"Value #{target['refId']}" for target in panel["targets"]} | labels
    for change in panel.get("transformations", []):
        options = change["options"]
        named = set(options.get("renameByName", {})) | set(options.get("indexByName", {}))
        named |= {options[key] for key in ("columnField", "rowField", "valueField") if key in options}
        if change["id"] == "groupingToMatrix":
            columns |= {f"{options['rowField']}\\{options['columnField']}"} | {
                found[options["columnField"]] for found, _ in results[0]
            }
        elif panel["type"] == "barchart":  # the parts of a bar: those that are there
            assert columns & named, f"{where}: none of {named}"
            continue
        assert named <= columns, f"{where}: no column {named - columns}"


def spoken(prometheus, board, chosen):
    """Titles of panels that say something; the texts of each are checked on the way."""
    said = set()
    for panel in boards.panels(board):
        results = [prometheus.evaluate(target["expr"], chosen) for target in panel["targets"]]
        if all(results):
            said.add(panel["title"])
            check_texts(f"{board['title']}, {panel['title']}", panel, results)
    return said


def check_mistakes(prometheus, board, chosen, table):
    """That each check can fail: on a panel that is well, and then is not."""

    def is_found(change):
        copy = json.loads(json.dumps(board))
        copy["panels"] = [next(p for p in boards.panels(copy) if p["title"] == "Customers by band")]
        change(copy["panels"][0]["targets"][0])
        try:
            for where, expression in expressions(copy):
                check_names(where, expression, table)
            return not spoken(prometheus, copy, chosen)
        except AssertionError:
            return True

    assert not is_found(lambda target: None)
    for change in (
        lambda target: target.update(expr="sum by (band) (retaind_customer)"),
        lambda target: target.update(expr=target["expr"].replace("company=", "colour=")),
        lambda target: target.update(expr=target["expr"].replace("$company", "another")),
        lambda target: target.update(expr=target["expr"] + ")"),
        lambda target: target.update(legendFormat="{{colour}}"),
    ):
        assert is_found(change), "a mistake passes"


def check_rules(prometheus, table):
    rules = [rule for group in prometheus.ask("/api/v1/rules")["groups"] for rule in group["rules"]]
    runbook = (harness.ROOT / "docs/operate.md").read_text()
    tests = "".join(path.read_text() for path in (boards.PROMETHEUS / "tests").glob("*.yml"))
    for rule in rules:
        name, annotations = rule["name"], rule["annotations"]
        check_names(name, rule["query"], table)
        assert rule["health"] == "ok", f"{name}: {rule.get('lastError')}"
        assert rule["labels"]["severity"] in ("critical", "warning", "info"), name
        assert annotations["summary"] and annotations["description"], name
        assert annotations["runbook_url"].endswith(f"/operate.md#{name.lower()}"), name
        assert f"\n### {name}\n" in runbook, f"docs/operate.md does not say what to do about {name}"
        assert f'alertname="{name}"' in tests or f"alertname: {name}\n" in tests, f"no test fires {name}"
    firing = [rule["name"] for rule in rules if rule["state"] != "inactive" and rule["labels"]["severity"] != "info"]
    assert not firing, f"on a daemon in good health: {firing}"
    return len(rules)


def wait_for_history(prometheus):
    """Rates need two scrapes with two cycles between them."""
    asked = "increase(retaind_cycles_total[1h]) > 1 and on () count_over_time(up[1h]) >= 5"
    harness.wait_until(lambda: prometheus.query(asked), 30, 0.2, "five scrapes")
    harness.wait_until(
        lambda: all(r["health"] == "ok" for g in prometheus.ask("/api/v1/rules")["groups"] for r in g["rules"]),
        20,
        0.2,
        "the rules' evaluation",
    )


def provoke(place, daemon):
    """A receiver that is dead, bad rows, contradictions, a feed that is late, and somebody who answers."""
    config = place / "retaind.toml"
    dead = f'[receiver.dead]\ntype = "webhook"\nurl = "http://127.0.0.1:{harness.free_port()}"\n\n[[route]]\n'
    config.write_text(
        config.read_text()
        .replace("[[route]]\n", dead)
        .replace('receivers = ["file"]', 'receivers = ["file", "dead"]')
    )
    daemon.signal(signal.SIGHUP)
    with sqlite3.connect(place / "company.db", timeout=10) as company:
        (last,) = company.execute("SELECT max(day) FROM login_day").fetchone()
        late = str(dt.date.fromisoformat(last) - dt.timedelta(days=3))
        company.execute("DELETE FROM login_day WHERE day > ?", (late,))
        bad = "(SELECT rowid FROM login_day WHERE day = ? LIMIT 30)"
        company.execute(f"UPDATE login_day SET actions = 'many' WHERE rowid IN {bad}", (late,))
        some = "(SELECT no FROM contract WHERE state = 'running' LIMIT 2)"
        company.execute(f"UPDATE contract SET term_ends = date(term_ends, '-900 days') WHERE no IN {some}")
    open_alerts = json.loads(harness.retaind("alerts", "list", "--config", config, "--json").stdout)["alerts"]
    told = next(alert for alert in open_alerts if alert["state"] == "firing" and alert["severity"] != "info")
    answered = harness.retaind("alerts", "ack", "--config", config, f"{told['rule']}/{told['entity']}")
    assert answered.returncode == 0, answered.stderr


def check_faults(prometheus, daemon, place, board):
    chosen = boards.choose(prometheus, board)
    waited = {p["title"] for p in boards.panels(board) if p["title"] in SILENT_IN_GOOD_HEALTH}
    provoke(place, daemon)
    said = set()

    def all_speak():
        said.update(spoken(prometheus, board, chosen))
        return waited <= said

    try:
        harness.wait_until(all_speak, 30, 0.5, "a word of each")
    except AssertionError:
        raise AssertionError(f"nothing on {waited - said}: {daemon.text()[-2000:]}") from None
    return len(waited)


def main():
    for program in ("prometheus", "promtool"):
        if not shutil.which(program):
            harness.skip(f"{program} is not installed")
    table = boards.metric_table()
    all_boards = boards.dashboards()
    assert len(all_boards) == 3 and len(table) > 40, (list(all_boards), len(table))
    for name, board in all_boards.items():
        check_shape(name, board)
        for where, expression in expressions(board):
            check_names(where, expression, table)
    with harness.folder() as base, boards.demo_daemon(base / "demo") as daemon:
        with boards.scraping(base / "prometheus", daemon.port) as prometheus:
            wait_for_history(prometheus)
            exposed = set(prometheus.ask("/api/v1/metadata"))
            assert exposed - set(table) == set(), exposed - set(table)
            for board in all_boards.values():
                chosen = boards.choose(prometheus, board)
                shown = {p["title"] for p in boards.panels(board)}
                empty = shown - spoken(prometheus, board, chosen) - set(SILENT_IN_GOOD_HEALTH)
                assert not empty, f"{board['title']}: nothing on {empty}"
                for annotation in board["annotations"]["list"]:
                    assert prometheus.evaluate(annotation["expr"], chosen), annotation["name"]
                print(f"{board['title']}: {len(shown)} panels")
            check_mistakes(prometheus, board, chosen, table)
            print(f"{check_rules(prometheus, table)} rules are silent")
            provoked = check_faults(prometheus, daemon, base / "demo", all_boards["operations.json"])
            print(f"{provoked} panels speak when something is wrong")


main()
