"""W1 and the unit, on a Debian that is booted for it: start, readiness, credentials, hardening, journal, reload,
watchdog, upgrade under way, single runs, instances, stop."""

import datetime as dt
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import bare_system
import harness

YESTERDAY = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=1)
CANARY = "canary-4e1c7a"
WATCHDOG = 3  # seconds

DROP_IN = f"""[Service]
WatchdogSec={WATCHDOG}
LoadCredential=hook-key:/etc/retaind/secrets/hook-key
"""


def configuration(folder, state="/var/lib/retaind", metrics=9848, pages=9847):
    with harness.folder() as place:
        receivers = (
            '[receiver.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\n'
            'hmac_key_file = "${CREDENTIALS_DIRECTORY}/hook-key"\n'
            '[receiver.file]\ntype = "file"\n\n[[route]]\nreceivers = ["file", "hook"]\n'
        )
        how = {"source_extra": 'timeout = "1s"\nconnect_timeout = "1s"', "metrics_port": metrics}
        text = harness.configuration(place, receivers=receivers, **how).read_text()
        text = text.replace(f"{place}/company.db", "/srv/company/company.db").replace(
            f"{place}/state.db", f"{state}/state.db"
        )
        text = text.replace(f"{place}/rules.toml", "rules.toml")
        text = re.sub(r'(\[http\]\nlisten = "127.0.0.1):\d+"', rf'\1:{pages}"', text)
        assert str(place) not in text, text
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "retaind.toml").write_text(text)
    (folder / "rules.toml").write_text(harness.RULES)


def prepare(root, deb):
    bare_system.inside(root, "dpkg", "-i", bare_system.copy_in(root, deb))
    company = root / "srv/company"
    company.mkdir()
    harness.write_sqlite(company / "company.db", harness.company_rows(YESTERDAY))
    configuration(root / "etc/retaind")
    (root / "etc/retaind/secrets/hook-key").write_text(CANARY)
    (root / "etc/retaind/secrets/hook-key").chmod(0o600)
    drop_in = root / "etc/systemd/system/retaind.service.d/override.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(DROP_IN)


def told(root):
    return harness.messages(root / "var/lib/private/retaind/messages.jsonl", cut_off=True)


def wait_ready(system, what="readiness"):
    harness.wait_until(lambda: system.get("/readyz")[0] == 200, 30, 0.1, what)


def pid(system):
    return int(system.show("retaind", "MainPID"))


def restarted(system, before, what):
    harness.wait_until(lambda: pid(system) not in (0, before), 30, 0.1, what)
    wait_ready(system, f"readiness after {what}")


def test_nothing_runs_before_somebody_says_so(system, deb):
    assert system.show("retaind", "ActiveState") == "inactive"
    assert system.show("retaind", "UnitFileState") == "disabled"
    return "inactive, disabled"


def test_start_is_over_when_it_is_ready(system, deb):
    system.run("systemctl", "enable", "--now", "retaind")
    assert system.show("retaind", "SubState") == "running"
    wait_ready(system)
    status = harness.wait_until(
        lambda: re.search(r"as of .*", system.show("retaind", "StatusText")), 20, 0.1, "the status"
    )
    assert f"as of {YESTERDAY}: 30 customers" in status[0], status
    return status[0]


def test_it_is_locked_up(system, deb):
    process = f"/proc/{pid(system)}"
    status = system.run("cat", f"{process}/status").stdout
    found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert found["CapEff"].strip("0") == "" and found["CapBnd"].strip("0") == "", found
    assert found["NoNewPrivs"] == "1" and found["Seccomp"] == "2", found
    assert found["Uid"].split()[0] != "0", found
    score = system.run("systemd-analyze", "security", "retaind", "--no-pager").stdout.strip().split("\n")[-1]
    exposure = float(re.search(r"service: ([0-9.]+)", score)[1])
    assert exposure <= 1.2, score
    state = (system.root / "var/lib/private/retaind").stat()
    assert state.st_mode & 0o777 == 0o700 and state.st_uid == int(found["Uid"].split()[0]), state
    return f"exposure {exposure}"


def test_secrets_come_as_credentials_and_are_nowhere_else(system, deb):
    process = f"/proc/{pid(system)}"
    for place in (f"{process}/environ", f"{process}/cmdline"):
        assert CANARY not in system.run("cat", place).stdout, place
    assert CANARY not in json.dumps(system.journal("-u", "retaind"))
    assert CANARY not in system.get("/metrics")[1]
    return "taken, shown nowhere"


def test_the_journal_has_fields(system, deb):
    fired = system.journal("-u", "retaind", "RETAIND_CUSTOMER_ID=c005", "RETAIND_RULE=gone_quiet")
    assert len(fired) == 1 and fired[0]["PRIORITY"] == "6" and "fired" in fired[0]["MESSAGE"], fired
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", fired[0]["RETAIND_CYCLE"]), fired
    assert fired[0]["SYSLOG_IDENTIFIER"] == "retaind" and fired[0]["_SYSTEMD_UNIT"] == "retaind.service", fired
    failed = harness.wait_until(
        lambda: system.journal("-u", "retaind", "-p", "warning", "RETAIND_RECEIVER=hook"),
        20,
        0.2,
        "a failed delivery",
    )
    assert failed[0]["RETAIND_ERROR_CLASS"] == "connect" and failed[0]["RETAIND_DELIVERY_ID"], failed
    return fired[0]["MESSAGE"]


def test_reload_takes_what_is_right(system, deb):
    before, rules = pid(system), system.root / "etc/retaind/rules.toml"
    known = re.search(r"retaind_rules_info\{.*", system.get("/metrics")[1])[0]
    rules.write_text(harness.RULES.replace("quiet_days >= 10", "quiet_days >= 12"))
    system.run("systemctl", "reload", "retaind")
    harness.wait_until(lambda: known not in system.get("/metrics")[1], 20, 0.1, "the new rules")
    assert pid(system) == before and system.show("retaind", "ActiveState") == "active"
    return "taken over by the same process"


def test_reload_refuses_what_is_wrong_and_says_why(system, deb):
    before, rules = pid(system), system.root / "etc/retaind/rules.toml"
    right = rules.read_text()
    rules.write_text(right.replace("quiet_days >= 12", "quite_days >= 12"))
    assert system.run("systemctl", "reload", "retaind", check=False).returncode != 0
    said = [entry["MESSAGE"] for entry in system.journal("-u", "retaind", "_COMM=retaind")]
    assert any("quiet_days" in str(line) for line in said), said
    successful = lambda value: f"retaind_config_last_reload_successful {value}\n" in system.get("/metrics")[1]
    harness.wait_until(lambda: successful(0), 20, 0.1, "the refusal in the metrics")
    assert pid(system) == before and system.show("retaind", "ActiveState") == "active"
    rules.write_text(right)
    system.run("systemctl", "reload", "retaind")
    harness.wait_until(lambda: successful(1), 20, 0.1, "the next reload")
    return "refused by systemctl and by the daemon"


def test_w1_a_hung_daemon_is_killed_and_goes_on(system, deb):
    before, ids = pid(system), [message["delivery_id"] for message in told(system.root)]
    assert ids
    system.run("sh", "-c", f"kill -STOP {before}")
    restarted(system, before, "the watchdog's restart")
    assert "watchdog" in str(system.journal("-u", "retaind", "_PID=1")).lower()
    harness.wait_until(lambda: "customers" in system.show("retaind", "StatusText"), 20, 0.1, "a cycle afterwards")
    after = [message["delivery_id"] for message in told(system.root)]
    assert after[: len(ids)] == ids and len(set(after)) == len(after), "told twice"
    return f"killed after {WATCHDOG} s, {len(after)} messages, none twice"


def test_while_it_waits_it_is_left_alone(system, deb):
    """No cycle for an hour, and still alive after several times what the watchdog waits."""
    config = system.root / "etc/retaind/retaind.toml"
    config.write_text(config.read_text().replace('interval = "1s"', 'interval = "1h"'))
    system.run("systemctl", "restart", "retaind")
    wait_ready(system)
    before = pid(system)
    start = float(system.show("retaind", "WatchdogTimestampMonotonic"))
    waited = lambda: float(system.show("retaind", "WatchdogTimestampMonotonic")) - start > 3e6 * WATCHDOG
    harness.wait_until(waited, 10 * WATCHDOG, 0.2, "feeding over several periods")
    assert pid(system) == before
    return f"fed for {3 * WATCHDOG} s without a cycle"


def test_an_upgrade_restarts_what_runs(system, deb):
    before = pid(system)
    with harness.folder() as place:
        newer = bare_system.with_version(deb, "99", place)
        system.run("dpkg", "-i", bare_system.copy_in(system.root, newer))
    restarted(system, before, "the upgrade")
    return "another process, ready again"


def test_verbs_of_an_administrator_work_beside_it(system, deb):
    retaind = ("env", "CREDENTIALS_DIRECTORY=/etc/retaind/secrets", "retaind")
    listed = json.loads(system.run(*retaind, "alerts", "list", "--json").stdout)["alerts"]
    assert listed, listed
    done = system.run(*retaind, "alerts", "ack", "gone_quiet/c005", "--by", "admin")
    owners = {path.stat().st_uid for path in (system.root / "var/lib/private/retaind").iterdir()}
    assert len(owners) == 1 and 0 not in owners, "files that the service cannot write"
    assert pid(system), done
    return f"{len(listed)} alerts, one acknowledged"


def test_stop_is_clean_and_quick(system, deb):
    system.run("systemctl", "stop", "retaind")
    assert system.show("retaind", "Result") == "success" and system.show("retaind", "ActiveState") == "inactive"
    took = int(system.show("retaind", "InactiveEnterTimestampMonotonic")) - int(
        system.show("retaind", "ActiveExitTimestampMonotonic")
    )
    assert took < 5e6, took
    return f"{took / 1e6:.2f} s"


def test_a_single_run_has_the_same_state_and_user(system, deb):
    override = system.root / "etc/systemd/system/retaind-once.service.d/override.conf"
    override.parent.mkdir()
    override.write_text(DROP_IN.replace(f"WatchdogSec={WATCHDOG}\n", ""))
    system.run("systemctl", "daemon-reload")
    begun = len(told(system.root))
    system.run("systemctl", "start", "retaind-once")
    assert system.show("retaind-once", "Result") == "success"
    entries = system.journal("-u", "retaind-once", "_COMM=retaind")
    assert not any("Customer 5" in str(entry["MESSAGE"]) for entry in entries), "names in the journal"
    system.run("systemctl", "start", "retaind-once.timer")
    assert system.show("retaind-once.timer", "NextElapseUSecRealtime"), "no next time"
    system.run("systemctl", "stop", "retaind-once.timer")
    return f"{len(told(system.root)) - begun} more messages"


def test_a_wrong_configuration_fails_once_and_is_not_tried_again(system, deb):
    config = system.root / "etc/retaind/retaind.toml"
    right = config.read_text()
    config.write_text(right.replace("interval", "intreval"))
    system.run("systemctl", "start", "retaind", check=False)
    harness.wait_until(lambda: system.show("retaind", "ActiveState") == "failed", 20, 0.1, "the failure")
    assert system.show("retaind", "ExecMainStatus") == "3" and system.show("retaind", "NRestarts") == "0"
    config.write_text(right)
    return "exit code 3, no restart"


def test_instances_live_beside_each_other(system, deb):
    for number, name in enumerate(("east", "west")):
        state = f"/var/lib/retaind-{name}"
        folder = system.root / f"etc/retaind/{name}"
        configuration(folder, state=state, metrics=9900 + number, pages=9910 + number)
        drop_in = system.root / f"etc/systemd/system/retaind@{name}.service.d/override.conf"
        drop_in.parent.mkdir()
        drop_in.write_text("[Service]\nLoadCredential=hook-key:/etc/retaind/secrets/hook-key\n")
    system.run("systemctl", "daemon-reload")
    system.run("systemctl", "start", "retaind@east", "retaind@west")
    for number in range(2):
        ready = lambda: system.get("/readyz", 9900 + number)[0] == 200
        harness.wait_until(ready, 30, 0.1, "an instance")
    users = {(system.root / f"var/lib/private/retaind-{name}").stat().st_uid for name in ("east", "west")}
    assert len(users) == 2, users
    return "two users, two states"


def test_removing_stops_everything(system, deb):
    system.run("systemctl", "reset-failed")
    system.run("systemctl", "start", "retaind")
    system.run("dpkg", "-P", "retaind")
    left = system.run("systemctl", "list-units", "--plain", "--no-legend", "retaind*").stdout.split()
    assert not [unit for unit in left if unit.endswith(".service")], left
    assert not (system.root / "var/lib/private/retaind").exists()
    return "nothing runs"


def main():
    bare_system.skip_unless_possible("systemd-nspawn", "nsenter")
    deb = bare_system.package()
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    with bare_system.root(deb) as root:
        prepare(root, deb)
        with bare_system.System(root) as system:
            for name, test in tests:
                print(f"{name[5:].replace('_', ' ')}: {test(system, deb)}", flush=True)


main()
