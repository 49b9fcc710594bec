"""The verbs beside the daemon: what they refuse, what they leave behind, what they say."""

import datetime as dt
import json
import pathlib
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
    for words in ("[http] has no effect in this version", "[lease] has no effect", '"external_url" has no effect'):
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


def main():
    tests = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
    if len(sys.argv) > 1:
        tests = [t for t in tests if sys.argv[1] in t.__name__]
    for test in tests:
        with harness.folder() as place:
            print(f"{test.__name__[5:].replace('_', ' ')}: {test(place)}", flush=True)
    print(f"{len(tests)} passed, 0 failed")


main()
