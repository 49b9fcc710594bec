"""The verbs beside the daemon: what they refuse, what they leave behind, what they say."""

import datetime as dt
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

TODAY = dt.datetime.now(dt.timezone.utc).date()
YESTERDAY = TODAY - dt.timedelta(days=1)


def company(place, days=60, **how):
    harness.write_sqlite(place / "company.db", harness.company_rows(YESTERDAY, customers=20, days=days))
    return harness.configuration(place, **how)


def told(place):
    """(rule, entity, transition) of everything told about customers, and the kinds of the messages."""
    messages = harness.messages(place / "messages.jsonl")
    alerts = sorted((a["rule"], a["entity"], a["transition"]) for m in messages for a in m["alerts"])
    return alerts, [m["kind"] for m in messages]


def test_a_day_that_has_not_ended_is_refused(place):
    port = harness.free_port()
    config = company(place, metrics_port=port)
    for day in (TODAY, TODAY + dt.timedelta(days=40)):
        for done in (
            harness.once(config, day),
            harness.retaind("replay", "--config", config, "--from", YESTERDAY, "--to", day),
        ):
            assert done.returncode == 2, done
            assert str(day) in done.stderr and f"last complete day is {YESTERDAY}" in done.stderr, done.stderr
            assert done.stdout == "", done.stdout
        assert harness.once(config, day, "--dry-run").returncode == 0, "a dry run writes nothing"
    with harness.Daemon(config, port) as daemon:
        daemon.wait_ready()
    return "today and later: exit code 2 with the last day, and the daemon still becomes ready"


def test_what_a_silent_replay_leaves_open_is_told_by_the_next_cycle(place):
    config = company(place)
    first = YESTERDAY - dt.timedelta(days=20)
    until = YESTERDAY - dt.timedelta(days=1)
    done = harness.retaind("replay", "--config", config, "--from", first, "--to", until, "--json")
    assert done.returncode == 0, done.stderr
    assert harness.messages(place / "messages.jsonl") == [], "nothing may leave without --deliver"
    days = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(day["opened"] for day in days) >= 4, days
    assert sum(day["messages"] for day in days) <= sum(day["opened"] + day["ended"] for day in days), days
    done = harness.once(config, YESTERDAY)
    assert done.returncode == 0, done.stderr
    open_alerts = sorted((a["rule"], a["entity"]) for a in json.loads(done.stdout)["alerts"] if a["state"] == "firing")
    alerts, kinds = told(place)
    assert open_alerts and {a[:2] for a in alerts} == set(open_alerts), (alerts, open_alerts)
    assert kinds == ["adoption"], kinds
    assert harness.once(config, YESTERDAY).returncode == 0
    assert told(place) == (alerts, kinds), "told twice"
    return f"{len(open_alerts)} open alerts, all told in one digest"


def test_what_people_were_told_before_a_silent_replay_is_not_told_again(place):
    config = company(place)
    first = YESTERDAY - dt.timedelta(days=2)
    assert harness.once(config, first).returncode == 0
    before = told(place)
    assert before[0], before
    done = harness.retaind(
        "replay", "--config", config, "--from", first + dt.timedelta(days=1), "--to", YESTERDAY - dt.timedelta(days=1)
    )
    assert done.returncode == 0, done.stderr
    assert harness.once(config, YESTERDAY).returncode == 0
    after = told(place)
    fired = [a[:2] for a in after[0] if a[2] == "fired"]
    assert len(fired) == len(set(fired)), fired
    return f"{len(before[0])} told before, {len(after[0])} in all, none twice"


def test_a_state_that_cannot_be_looked_at_is_an_error_and_not_an_abort(place):
    config = company(place)
    (place / "state.db").symlink_to("state.db")  # refuses root as well, unlike permissions
    for done in (
        harness.once(config, YESTERDAY),
        harness.retaind("explain", "c000", "--config", config),
        harness.retaind("run", "--config", config),
    ):
        assert done.returncode == 5, done
        assert "state.db" in done.stderr and "symbolic links" in done.stderr, done.stderr
    return "exit code 5 with the file's name"


def test_an_exception_that_nobody_expected_is_told_as_a_bug(place):
    config = company(place)
    done = harness.retaind("check", "--config", config, env={"RETAIND_DEFECT": "throw"})
    assert done.returncode == 70, done
    assert "bug of retaind" in done.stderr and "a seeded defect" in done.stderr, done.stderr
    return "exit code 70, with what it was"


def test_rejected_rows_are_named(place):
    rows = harness.company_rows(YESTERDAY, customers=20, days=60)
    day = str(YESTERDAY)
    rows["usage"] += [("c003", day + "x", 1.0), ("c004", day + "y", 2.0), ("nobody", day, 3.0)]
    harness.write_sqlite(place / "company.db", rows)
    config = harness.configuration(place)
    done = harness.once(config, YESTERDAY)
    assert done.returncode == 0, done.stderr
    usage = next(feed for feed in json.loads(done.stdout)["data"] if feed["dataset"] == "usage")
    assert usage["rejected"] == 3 and usage["reasons"] == {"bad_date": 2, "unknown_customer": 1}, usage
    keys = usage["rejected_keys"]
    assert [key.split("/")[0] for key in keys["bad_date"]] == ["c003", "c004"], keys
    assert keys["unknown_customer"] == [f"nobody/{YESTERDAY}"], keys
    said = harness.retaind("once", "--config", config, "--as-of", YESTERDAY, "--dry-run").stdout
    for words in ("2 bad_date: c003/", f"1 unknown_customer: nobody/{YESTERDAY}"):
        assert words in said, said
    return "in JSON and in text"


def test_check_says_what_has_no_effect_and_where_the_state_is(place):
    config = company(place, extra='[lease]\nttl = "60s"\n')
    said = harness.retaind("check", "--config", config)
    assert said.returncode == 0, said.stderr
    for words in ("[lease] has no effect in this version",):
        assert words in said.stderr, said.stderr
    assert "[state] connection" not in said.stderr, said.stderr
    text = config.read_text()
    config.write_text(text.replace(f'connection = "db={place}/state.db"', ""))
    for env, where in (({}, place), ({"STATE_DIRECTORY": str(place / "other")}, place / "other")):
        warnings = json.loads(harness.retaind("check", "--json", "--config", config, env=env).stdout)
        about = [w for w in warnings if "[state] connection is not set" in w["message"]]
        assert len(about) == 1 and f"{where}/state.db" in about[0]["message"], warnings
    with harness.Daemon(config, 0, env={"RETAIND_DEFECT": "", "STATE_DIRECTORY": str(place)}) as daemon:
        harness.wait_until(lambda: "runs; metrics" in daemon.text(), 30, what="the start")
        assert "[state] connection is not set" in daemon.text() and "[lease] has no effect" in daemon.text()
    return "each key at check and at start; the state's file by its name"


def test_fields_limit_what_a_receiver_gets(place):
    receivers = (
        f'[receiver.file]\ntype = "file"\npath = "{place}/messages.jsonl"\nfields = ["customer_id"]\n\n'
        '[[route]]\nreceivers = ["file"]\n'
    )
    config = company(place, receivers=receivers)
    assert harness.once(config, YESTERDAY).returncode == 0
    text = (place / "messages.jsonl").read_text()
    assert harness.messages(place / "messages.jsonl") and "c000" in text
    for secret in ("Customer ", "Manager", "quiet_days", "revenue", "example.org"):
        assert secret not in text, text
    return "ids and rules only"


# -- test-rules --------------------------------------------------------------------------------------------------------

SEASON_TICKETS = """
schema = 1
[health]
smoothing = "0d"
[group.attendance]
[signal.attendance_rate]
group = "attendance"
from = "attendance"
measure = "rate"
window = "90d"
scale = { ramp = { bad = 0, good = 1 } }
[signal.miss_streak]
group = "attendance"
from = "attendance"
measure = "miss_streak"
scale = { points = [[0, 100], [3, 0]] }
[rule.stopped_coming]
when = ["miss_streak >= 3", "days_to_renewal <= 180"]
clear = ["miss_streak == 0"]
severity = "warning"
message = "{name} has missed {miss_streak} events in a row; renewal in {days_to_renewal} days."
"""


def example_of_the_guide():
    guide = (harness.ROOT / "docs/rule-tests.md").read_text()
    return guide.split("```toml\n", 1)[1].split("```", 1)[0]


def run_rule_tests(place, *texts, more=()):
    """Runs files of tests beside a folder with the pack season-tickets; returns what test-rules did."""
    (place / "rules").mkdir(exist_ok=True)
    (place / "rules/season-tickets.toml").write_text(SEASON_TICKETS)
    files = []
    for number, text in enumerate(texts):
        files.append(place / f"tickets{number or ''}.toml")
        files[-1].write_text(text)
    return harness.retaind("test-rules", "--rules-directory", place / "rules", *files, *more)


def test_the_example_of_the_guide_passes_as_it_is_printed(place):
    done = run_rule_tests(place, example_of_the_guide())
    assert done.returncode == 0 and done.stderr == "", done
    assert done.stdout == (
        "ok three missed events before renewal open an alert, two do not\n1 tests: 1 ok, 0 failed\n"
    ), done.stdout
    done = run_rule_tests(place, example_of_the_guide(), more=["--json"])
    assert done.returncode == 0, done
    said = json.loads(done.stdout)
    assert said["ok"] == 1 and said["failed"] == 0 and said["tests"][0]["failed_steps"] == [], said
    return "exit code 0, in text and in JSON"


def test_what_differs_is_shown_beside_what_was_expected(place):
    example = example_of_the_guide()
    wrong = example.replace('severity = "warning" }] }', 'severity = "critical" }], health = { c1 = 50 } }')
    wrong = wrong.replace(
        'alerts = [], band = { c1 = "watch" }',
        'alerts = [{ rule = "stopped_coming", entity = "c2" }], band = { c1 = "healthy", c9 = "watch" }, '
        "signals = { c1 = { attendance_rate = { value = 0.5, within = 0.1 } } }",
    )
    done = run_rule_tests(place, wrong, example)
    assert done.returncode == 1 and done.stderr == "", done
    rows = "3 rows (2026-02-07 to 2026-02-28)"
    assert done.stdout == f"""\
FAILED three missed events before renewal open an alert, two do not step 1 ({place}/tickets.toml:1), as of 2026-03-01
    what                        expected         got
    alert stopped_coming of c1  firing critical  firing warning
        because miss_streak >= 3 (3)
        because days_to_renewal <= 180 (121)
    health of c1                50 within 0.05   0
          70.0000  prior: the rules' own, for want of customers to compare with
         -35.0000  attendance_rate [attendance]: 0 scores 0.0; weight 50.0 %, freshness 1.00, {rows}
         -35.0000  miss_streak [attendance]: 3 scores 0.0; weight 50.0 %, freshness 1.00, {rows}
           0.0000  health
FAILED three missed events before renewal open an alert, two do not step 2 ({place}/tickets.toml:16), as of 2026-03-08
    what                        expected        got
    alert stopped_coming of c2  firing          none
        because not firing: miss_streak is 0, the rule wants >= 3; the other condition holds
    band of c1                  healthy         watch
    band of c9                  watch           not a live customer
    attendance_rate of c1       0.5 within 0.1  0.25
ok three missed events before renewal open an alert, two do not
2 tests: 1 ok, 1 failed
""", done.stdout
    done = run_rule_tests(place, wrong, more=["--json"])
    steps = json.loads(done.stdout)["tests"][0]["failed_steps"]
    assert done.returncode == 1 and [s["step"] for s in steps] == [1, 2], done
    assert steps[0]["differences"][0] == {
        "what": "alert stopped_coming of c1",
        "expected": "firing critical",
        "got": "firing warning",
        "reasons": ["miss_streak >= 3 (3)", "days_to_renewal <= 180 (121)"],
    }, steps
    return "exit code 1 with alerts, reasons, terms and numbers"


def test_an_alert_or_a_rejected_row_that_nobody_expected_fails(place):
    expected = '{ rule = "stopped_coming", entity = "c1", state = "firing", severity = "warning" }'
    row = '{ customer_id = "nobody", at = 2026-02-07, status = "missed" },'
    wrong = example_of_the_guide().replace(expected, "").replace("attendance = [\n", f"attendance = [{row}\n")
    done = run_rule_tests(place, wrong)
    assert done.returncode == 1, done
    for words in (
        "alert stopped_coming of c1 none firing warning because miss_streak >= 3 (3)",
        "rejected rows of attendance 0 unknown_customer 1 (first: nobody/2026-02-07)",
    ):
        assert " ".join(words.split()) in " ".join(done.stdout.split()), done.stdout
    return "each named"


def test_what_an_alert_says_is_compared(place):
    told = 'severity = "warning", message = "has missed 3 events", advice = "Call" }]'
    done = run_rule_tests(place, example_of_the_guide().replace('severity = "warning" }]', told))
    assert done.returncode == 1, done
    assert "alert stopped_coming of c1, advice" in done.stdout and ", message" not in done.stdout, done.stdout
    return "message and advice, in part"


def test_mistakes_in_rule_tests_are_told_at_their_place(place):
    example = example_of_the_guide()
    done = run_rule_tests(place, example.replace("status = \"attended\"", "statsu = \"attended\"", 1), example)
    assert done.returncode == 3, done
    line = example.splitlines()[11]
    column = line.index("status") + 1
    assert f"tickets.toml:12:{column}: attendance have no column \"statsu\"" in done.stderr, done.stderr
    assert 'did you mean "status"?' in done.stderr and " " * (column - 1) + "^" in done.stderr, done.stderr
    assert "ok three missed events" in done.stdout, "the other file runs"
    for text, words in (
        ("", "there are no tests in this file"),
        (example.replace('"season-tickets"', '"./nowhere.toml"'), "nowhere.toml"),
        ("[[test]\n", "not valid TOML"),
    ):
        done = run_rule_tests(place, text)
        assert done.returncode == 3 and words in done.stderr and done.stdout == "", done
    done = run_rule_tests(place, "", more=["--json"])
    assert done.returncode == 3 and json.loads(done.stdout)[0]["line"] == 1, done
    assert harness.retaind("test-rules").returncode == 2
    assert harness.retaind("test-rules", place / "nothing.toml").returncode == 3
    return "exit code 3 with line, column and what was meant"


def test_rule_tests_show_nothing_of_other_files(place):
    other = place / "other.txt"
    other.write_text("hush\n")
    tests = place / "project/rules/tests"
    tests.mkdir(parents=True)
    (tests / "link.csv").symlink_to(other)
    (tests / "link.toml").symlink_to(other)
    (tests / "pack.toml").write_text(SEASON_TICKETS)
    head = '[[test]]\nname = "one"\nas_of = 2026-03-01\n'
    for text in ('pack = "pack.toml"\ncustomers = "link.csv"\n', 'pack = "./link.toml"\n', f'pack = "{other}"\n'):
        (tests / "tests.toml").write_text(head + text)
        done = harness.retaind("test-rules", tests / "tests.toml")
        assert done.returncode == 3 and "lies elsewhere" in done.stderr, done
        assert "hush" not in done.stderr + done.stdout, done
    done = harness.retaind("test-rules", other)
    assert done.returncode == 3 and "not valid TOML" in done.stderr and "hush" not in done.stderr, done
    return "links and absolute paths are refused, no line is quoted"


def test_an_installed_pack_extends_a_shipped_one(place):
    build = pathlib.Path(harness.BINARY).parents[1]
    install = ["cmake", "--install", build, "--component", "rules", "--prefix", place]
    done = subprocess.run(list(map(str, install)), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    rules = place / "share/retaind/rules"
    assert sorted(p.name for p in rules.rglob("*")) == sorted(p.name for p in (harness.ROOT / "rules").glob("*.toml"))
    (place / "mine.toml").write_text('extends = "saas"\n')
    (place / "tests.toml").write_text(
        '[[test]]\nname = "mine"\npack = "mine.toml"\nas_of = 2026-03-01\n'
        'customers = [{ customer_id = "c1", name = "One" }]\nexpect.rejected.customers = 0\n'
    )
    done = harness.retaind("test-rules", "--rules-directory", rules, place / "tests.toml")
    assert done.returncode == 0 and done.stderr == "", done
    return "packs without their tests"


# -- why-not, brief ----------------------------------------------------------------------------------------------------


def test_why_not_answers_in_its_first_line(place):
    config = company(place)
    assert harness.once(config, YESTERDAY).returncode == 0
    said = harness.retaind("why-not", "c000", "gone_quiet", "--config", config)
    assert said.returncode == 0 and said.stdout.startswith(f"firing since {YESTERDAY}, warning"), said
    said = harness.retaind("why-not", "c001", "gone_quiet", "--config", config)
    first, _, rest = said.stdout.partition("\n")
    assert first.startswith("not firing: quiet_days is ") and first.endswith(", the rule wants >= 10"), said
    assert "gone_quiet for Customer 1 (c001)" in rest and "  when           no       quiet_days >= 10 (" in rest, said
    said = harness.retaind("why-not", "c000", "promise_drifts", "--config", config, "--json")
    why = json.loads(said.stdout)
    assert why["scope"] == "promise" and [f["entity"] for f in why["findings"]] == ["p000"], why
    condition = why["findings"][0]["trigger"]["when"][0]
    assert condition["condition"].startswith("pace <= -0.15 (") and condition["holds"] in (True, False), why
    for arguments, words in (
        (("c000", "gone_quite"), "did you mean 'gone_quiet'?"),
        (("nobody", "gone_quiet"), "there is no customer 'nobody'"),
    ):
        said = harness.retaind("why-not", *arguments, "--config", config)
        assert said.returncode == 2 and words in said.stderr and said.stdout == "", said
    return "a verdict, the conditions, and what was meant"


def test_a_brief_is_half_a_page_whatever_people_wrote(place):
    rows = harness.company_rows(YESTERDAY, customers=20, days=60)
    long = "as much as " + "nobody ever dared to promise " * 20
    due = str(YESTERDAY + dt.timedelta(days=9))
    start = str(YESTERDAY - dt.timedelta(days=50))
    rows["promises"] += [
        (f"q{n}", "c000", f"{n} {long}\x1b[2J", "reach", start, due, 100.0, 0.0, "s0") for n in range(9)
    ]
    rows["readings"] += [(f"q{n}", start, 1.0) for n in range(9)]
    first, *others = rows["customers"]
    rows["customers"] = [(first[0], "Evil \x9b2J\u202e" + first[1], *first[2:]), *others]
    harness.write_sqlite(place / "company.db", rows)
    config = harness.configuration(place)
    assert harness.once(config, YESTERDAY).returncode == 0
    said = harness.retaind("brief", "c000", "--config", config)
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 100, said.stdout
    assert not set(said.stdout) & {"\x1b", "\x9b", "\u202e"}, "a name steers the terminal"
    for words in (
        "Evil ?2J?Customer 0 (c000), as of ",
        "account manager Manager 0",
        "1,206 EUR a year, renews ",
        "down: outlook 0 (",
        "Last      sales ",
        "unmeasurable, due ",
        "promised by Seller (and 7 more)",
        "(and 8 more)",
        "cannot be measured (9 promises): 0 as much as",
        "Customer 0 has not been seen for 14 days.",
        "Next      Call.",
        "Better not said",
        "Do not ask for a reference: no review",
        "Mention no health",
    ):
        assert words in said.stdout, (words, said.stdout)
    brief = json.loads(harness.retaind("brief", "c000", "--config", config, "--json").stdout)
    assert brief["customer_id"] == "c000" and brief["revenue"] == 1206.0 and len(brief["promises"]) == 10, brief
    assert harness.retaind("brief", "nobody", "--config", config).returncode == 2
    return f"{len(lines)} lines"


harness.run_tests(globals())
