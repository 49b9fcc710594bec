"""K1: the real program killed with SIGKILL at every failpoint it passes, then started again.

Nothing may be lost, a delivery may be repeated only when the kill fell between sending and marking, and the state must
end as in the run that nobody killed. With the seeded defect that marks a message as sent before sending it, the same
check must report losses: a test that cannot fail proves nothing.
"""

import datetime as dt
import os
import pathlib
import sys
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

LAST = dt.date(2025, 3, 31)
DAYS = [LAST - dt.timedelta(days=n) for n in (6, 5, 0)]


def walk(place, config, env=None, log=None):
    """All days, each tried until it ends well; returns the exit codes of tries that did not."""
    bad = []
    for day in DAYS:
        for attempt in range(4):
            full = dict(env or {}) if attempt == 0 and not bad else {}
            if log:
                full["RETAIND_FAILPOINT_LOG"] = str(log)
            done = harness.once(config, day, env=full)
            if done.returncode == 0:
                break
            bad.append(done.returncode)
            assert done.returncode == -9, f"{day}: {done.returncode}: {done.stderr}"
        else:
            raise AssertionError("it never ended well")
    return bad


def outcome(place, config):
    told = Counter(m["delivery_id"] for m in harness.messages(place / "messages.jsonl", cut_off=True))
    state = harness.once(config, DAYS[-1], "--dry-run")
    assert state.returncode == 0, state.stderr
    return told, state.stdout


def fresh(base, name):
    place = base / name
    place.mkdir()
    os.symlink(base / "company.db", place / "company.db")
    return place, harness.configuration(place)


def kill_everywhere(base, passes, expected, env):
    lost = repeated = 0
    for number, (point, count) in enumerate(passes):
        place, config = fresh(base, f"k{number}")
        killed = walk(place, config, env={**env, "RETAIND_FAILPOINT": f"{point}:{count}"})
        assert killed == [-9], f"{point}:{count} was not reached: {killed}"
        told, state = outcome(place, config)
        lost += len(set(expected[0]) - set(told))
        assert not set(told) - set(expected[0]), f"{point}:{count}: told something that the unkilled run did not"
        extra = sum(told.values()) - len(told)
        assert extra <= 1, f"{point}:{count}: {extra} deliveries repeated"
        repeated += extra
        assert state == expected[1], f"{point}:{count}: another final state"
    return lost, repeated


# Where a running daemon is killed: while it stores, and around each step of sending.
DAEMON_KILLS = [
    f"{point}:{count}"
    for point in (
        "state.commit.outbox",
        "cycle.stored",
        "sender.claimed",
        "sender.sending",
        "sender.sent",
        "sender.settled",
    )
    for count in ((1, 3) if point.startswith("sender.") else (1, 2))
]


def live(place, config, port, kill=None):
    """Runs the daemon until it is killed, or has told all three receivers; returns what each was told."""
    with harness.Daemon(config, port, env={"RETAIND_FAILPOINT": kill} if kill else None) as daemon:
        if kill:
            assert daemon.process.wait(60) == -9, f"{kill} was not reached: {daemon.text()}"
        else:
            daemon.wait_ready()
            harness.wait_until(
                lambda: sum(
                    daemon.metric("retaind_outbox_messages", receiver=f"r{n}", status="delivered") or 0
                    for n in range(3)
                )
                == 3,
                30,
                what="the end of sending",
            )
            assert daemon.stop()[1] == 0
    return Counter(
        m["delivery_id"] for n in range(3) for m in harness.messages(place / f"out{n}.jsonl", cut_off=True)
    )


def kill_running_daemons(base):
    """SIGKILL of `retaind run`, then a start: nothing lost, at most what was in flight repeated."""
    yesterday = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=1)
    harness.write_sqlite(base / "live.db", harness.company_rows(yesterday))
    expected, repeated = None, 0
    for number, kill in enumerate([None, *DAEMON_KILLS]):
        place = base / f"live{number}"
        place.mkdir()
        os.symlink(base / "live.db", place / "company.db")
        receivers = "".join(f'[receiver.r{n}]\ntype = "file"\npath = "{place}/out{n}.jsonl"\n\n' for n in range(3))
        port = harness.free_port()
        config = harness.configuration(place, receivers=receivers, metrics_port=port)
        if kill:
            live(place, config, port, kill)
        told = live(place, config, port)
        expected = expected or told
        assert set(told) == set(expected), f"{kill}: {set(expected) ^ set(told)}"
        extra = sum(told.values()) - len(told)
        assert extra <= 3, f"{kill}: {extra} deliveries repeated"  # one in flight per receiver
        repeated += extra
    return repeated


def main():
    with harness.folder() as base:
        print(
            f"{len(DAEMON_KILLS)} kills of a running daemon: 0 lost, {kill_running_daemons(base)} repeated (in flight)",
            flush=True,
        )
    with harness.folder() as base:
        harness.write_sqlite(base / "company.db", harness.company_rows(LAST))
        place, config = fresh(base, "unkilled")
        log = base / "passes"
        walk(place, config, log=log)
        expected = outcome(place, config)
        assert sum(expected[0].values()) >= 3, "the scenario must tell something"
        # Every failpoint of the first day is one kill: pass n of its name within one process.
        seen = Counter()
        for name in log.read_text().split():
            seen[name] += 1
        first = fresh(base, "first")
        first_log = base / "first-passes"
        harness.once(first[1], DAYS[0], env={"RETAIND_FAILPOINT_LOG": str(first_log)})
        counts = Counter(first_log.read_text().split())
        passes = [(name, n) for name, most in sorted(counts.items()) for n in range(1, most + 1)]
        # Points passed often (one per row) are sampled: first, second, middle, last.
        passes = [(name, n) for name, n in passes if n in (1, 2, counts[name] // 2, counts[name])]
        lost, repeated = kill_everywhere(base, passes, expected, {})
        assert lost == 0, f"{lost} messages lost"
        print(f"{len(passes)} kills at {len(counts)} failpoints: 0 lost, {repeated} repeated (in flight)")

        senders = [(name, n) for name, n in passes if name.startswith("sender.")]
        lost = 0
        for number, (point, count) in enumerate(senders):
            place, config = fresh(base, f"defect{number}")
            walk(place, config, env={"RETAIND_FAILPOINT": f"{point}:{count}", "RETAIND_DEFECT": "record_first"})
            lost += len(set(expected[0]) - set(outcome(place, config)[0]))
        assert lost > 0, "the seeded defect (record first, then send) was not noticed"
        print(f"seeded defect record_first: {lost} lost in {len(senders)} kills, as it must be")


main()
