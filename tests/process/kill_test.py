"""K1: the real program killed with SIGKILL at the failpoints it passes, then started again.

Nothing may be lost, a delivery may be repeated only when the kill fell between sending and marking, and the state must
end as in the run that nobody killed. The days that are lived through have news, a receiver that cannot be reached,
messages that take along those that waited, endings and digests. With the seeded defect that marks a message as sent
before sending it, the same check must report losses: a test that cannot fail proves nothing.

RETAIND_KILLS=n kills at n random points instead of the usual ones; RETAIND_SEED=n repeats such a run.
"""

import concurrent.futures
import contextlib
import datetime as dt
import json
import os
import pathlib
import queue
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

LAST = dt.date(2025, 3, 31)
DAYS = [dt.date(2025, 3, day) for day in (25, 26, 27, 28, 29, 31)]
UNREACHABLE = dt.date(2025, 3, 28)  # on that day nobody can be reached
# Whom the same manager looks after: who falls silent, and when that is worth an alert.
FALL_SILENT = {"c001": dt.date(2025, 3, 26), "c004": dt.date(2025, 3, 28), "c007": dt.date(2025, 3, 29)}
COME_BACK = {"c000": dt.date(2025, 3, 28), "c010": dt.date(2025, 3, 29)}
RENAMED = dt.date(2025, 3, 27)  # from that day on one rule has another name
USUAL_KILLS = 300
WORKERS = 2
FAKETIME = harness.needs_faketime()
# What depends on the clock of this machine, on how often something was tried, or on a key that is made at random.
UNEQUAL_COLUMNS = {
    "at", "opened_at", "told_at", "created_at", "next_at", "evaluated_at", "attempts", "claims", "bytes", "error_class",
    "subject", "text", "html", "json",
}  # fmt: skip
# Failpoints at which nobody is killed here, and why: none.
EXCUSED = {}


def failpoints_of_the_source():
    names = set()
    for file in sorted((harness.ROOT / "daemon").rglob("*.[ch]pp")):
        text = file.read_text()
        names.update(re.findall(r'\bfailpoint\("([\w.]+)"\)', text))
        for call in re.findall(r'\bwriting(?:<[\w:<> ]+>)?\(\s*"(\w+)"', text):
            names.update({f"state.{call}.written", f"state.{call}.end"})
    return names


def company():
    """So small that nothing is held: fewer alerts open on any day than the blast guard wonders at."""
    rows = harness.company_rows(LAST, customers=15)
    for customer, fires in FALL_SILENT.items():
        last = str(fires - dt.timedelta(days=10))
        rows["usage"] = [row for row in rows["usage"] if row[0] != customer or row[1] < last]
        rows["usage"].append((customer, last, 5.0))
    for customer, day in COME_BACK.items():
        rows["usage"] += [(customer, str(day + dt.timedelta(days=n)), 5.0) for n in range((LAST - day).days + 1)]
    return rows


# -- a day of a life ---------------------------------------------------------------------------------------------------


class Mailbox:
    """An SMTP server of ours, and what arrived there since it was last emptied."""

    def __init__(self, base, number):
        self.file = base / f"mail{number}.jsonl"
        self.port = harness.free_port()
        sink = str(pathlib.Path(__file__).resolve().parents[1] / "support/mail_sink.py")
        self.process = subprocess.Popen(
            ["/usr/bin/python3", sink, str(self.port), str(self.file)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline().strip() == "ready"

    def empty(self):
        self.file.unlink(missing_ok=True)

    def told(self):
        return [dict(mail["headers"])["message-id"] for mail in harness.messages(self.file)]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Life:
    """A company in a folder of its own, of which every day is evaluated at nine in the morning."""

    def __init__(self, place, mailbox):
        self.place, self.mailbox = place, mailbox

    def configure(self, day):
        box = self.place / "box"
        port = self.mailbox.port
        if day == UNREACHABLE:
            port = 1  # nobody listens
            shutil.rmtree(box, ignore_errors=True)
        else:
            box.mkdir(exist_ok=True)
        receivers = (
            f'[receiver.file]\ntype = "file"\npath = "{box}/messages.jsonl"\n\n'
            f'[receiver.managers]\ntype = "email"\nsmtp = "smtp://127.0.0.1:{port}"\n'
            'from = "retaind@example.org"\nto = "{recipient}"\n\n'
            '[[route]]\nreceivers = ["file", "managers"]\n'
        )
        config = harness.configuration(self.place, receivers=receivers)
        if day >= RENAMED:
            rules = self.place / "rules.toml"
            renamed = rules.read_text().replace("[rule.health_low]", '[rule.health_poor]\nwas = "health_low"')
            assert "health_poor" in renamed
            rules.write_text(renamed)
        return config

    def once(self, day, **env):
        config = self.configure(day)
        return harness.once(config, day, env={**morning_after(day), **env})

    def finish(self, day):
        done = self.once(day)
        assert done.returncode == 0, f"{day}: {done.returncode}: {done.stderr}"

    def told(self):
        lines = harness.messages(self.place / "box/messages.jsonl", cut_off=True)
        return Counter([message["delivery_id"] for message in lines] + self.mailbox.told())

    def forget_told(self):
        shutil.rmtree(self.place / "box", ignore_errors=True)
        self.mailbox.empty()

    def copy(self, place):
        shutil.copytree(self.place, place, symlinks=True)
        return Life(place, self.mailbox)


def morning_after(day):
    return {
        "LD_PRELOAD": FAKETIME,
        "FAKETIME": f"{day + dt.timedelta(days=1)} 09:00:00",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }


def dump(place):
    """All that is stored, but for what two runs need not have in common."""
    with contextlib.closing(sqlite3.connect(place / "state.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        stored = {}
        for table in tables:
            if table == "secret" or table.startswith("sqlite_"):
                continue
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(f'"{column}"' for column in columns if column not in UNEQUAL_COLUMNS)
            columns = columns.replace('"status"', "replace(status, 'retry', 'queued')")  # as tries: of no account
            stored[table] = sorted(map(repr, db.execute(f"SELECT {columns} FROM {table}")))
        return stored


def difference(found, expected):
    changed = [table for table in expected if found.get(table) != expected[table]]
    return {
        table: sorted(set(found[table]) ^ set(expected[table]))[:6] if table in found else "missing"
        for table in changed
    }


# -- the run that nobody kills -----------------------------------------------------------------------------------------


class Unkilled:
    """What was told on each day, what was stored after it, which failpoints were passed, and the folder before it."""

    def __init__(self, base, mailbox):
        self.before, self.told, self.stored, self.passes = {}, {}, {}, []
        place = base / "unkilled"
        place.mkdir()
        os.symlink(base / "company.db", place / "company.db")
        life = Life(place, mailbox)
        for day in DAYS:
            life.forget_told()
            self.before[day] = life.copy(base / f"before-{day}")
            log = base / f"passes-{day}"
            done = life.once(day, RETAIND_FAILPOINT_LOG=str(log))
            assert done.returncode == 0, done.stderr
            self.told[day], self.stored[day] = life.told(), dump(place)
            counts = Counter(log.read_text().split())
            self.passes += [(day, name, n) for name in sorted(counts) for n in range(1, counts[name] + 1)]
        self.life = life
        self.check()

    def check(self):
        """That the days have in them what they should."""
        with contextlib.closing(sqlite3.connect(self.life.place / "state.db")) as db:

            def count(what):
                return db.execute(f"SELECT count(*) FROM {what}").fetchone()[0]

            assert count("alert WHERE held") == 0, "the blast guard holds what should be told"
            assert count("outbox WHERE status = 'superseded'") >= 1, "nothing was taken along"
            assert count("outbox WHERE kind = 'digest'") >= 1, "no digest"
            assert count("alert WHERE phase IN ('resolved', 'closed')") >= 1, "nothing ended"
            assert count("interruption") >= 1 and count("ledger") >= 1 and count("told") >= 3
        assert sum(map(len, self.told.values())) >= 5, self.told
        assert not self.told[UNREACHABLE], self.told

    def usual_kills(self):
        """The first pass of every failpoint on every day, then others at random, always the same ones."""
        first = [kill for kill in self.passes if kill[2] == 1]
        others = [kill for kill in self.passes if kill[2] > 1]
        more = min(len(others), max(0, USUAL_KILLS - len(first)))
        return first + random.Random(11).sample(others, more)


# -- kills ------------------------------------------------------------------------------------------------------------

# Where a start after a kill is killed again: always passed.
IN_RECOVERY = ["state.recover.written", "state.recover.end", "cycle.read", "state.commit.begin"]


class Killer:
    def __init__(self, base, unkilled, mailboxes):
        self.base, self.unkilled = base, unkilled
        self.mailboxes = queue.SimpleQueue()
        for mailbox in mailboxes:
            self.mailboxes.put(mailbox)

    def all(self, kills, **env):
        """(lost, repeated) of all kills."""
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
            ends = list(workers.map(lambda kill: self.one(*kill, **env), enumerate(kills)))
        return sum(lost for lost, _ in ends), sum(repeated for _, repeated in ends)

    def one(self, number, kill, **env):
        place = self.base / f"kill{number}"
        mailbox = self.mailboxes.get()
        try:
            life = self.unkilled.before[kill[0]].copy(place)
            life.mailbox = mailbox
            life.forget_told()
            return self.live(life, number, kill, env)
        finally:
            self.mailboxes.put(mailbox)
            shutil.rmtree(place, ignore_errors=True)

    def live(self, life, number, kill, env):
        """The day of the kill; of every fifth kill also the days after it. Every tenth is killed again at once.

        What was about to be tried when nobody could be reached may stay out of later messages: it could have arrived.
        """
        day, point, count = kill
        said = f"{day} {point}:{count}"
        self.killed(life, day, f"{point}:{count}", env)
        if number % 10 == 0:
            self.killed(life, day, IN_RECOVERY[number // 10 % len(IN_RECOVERY)] + ":1", env)
        goes_on = number % 5 == 0 and day != UNREACHABLE
        days = [each for each in DAYS if each == day or (each > day and goes_on)]
        told = Counter()
        for each in days:
            life.finish(each)
            told += life.told()
            life.forget_told()
        expected = sum((self.unkilled.told[each] for each in days), Counter())
        assert not set(told) - set(expected), f"{said}: told something that the unkilled run did not"
        repeated = sum(told.values()) - len(told)
        assert repeated <= 2, f"{said}: {repeated} deliveries repeated"  # one in flight for each receiver
        if not env:
            changed = difference(dump(life.place), self.unkilled.stored[days[-1]])
            assert not changed, f"{said}: another state on {days[-1]}: {changed}"
        return len(set(expected) - set(told)), repeated

    def killed(self, life, day, point, env):
        done = life.once(day, RETAIND_FAILPOINT=point, **env)
        # How often the outbox is looked at depends on which receiver answers first.
        may_miss = point.startswith(("state.claim.written:", "state.claim.end:")) and not point.endswith(":1")
        if may_miss and done.returncode == 0:
            return
        assert done.returncode == -9, f"{day} {point} was not reached: {done.returncode} {done.stderr}"


def kill_days(base, mailboxes):
    """Kills at the usual or at random points of all days, then with the seeded defect; the failpoints."""
    unkilled = Unkilled(base, mailboxes[0])
    killer = Killer(base, unkilled, mailboxes)
    kills, at_random = unkilled.usual_kills(), int(os.environ.get("RETAIND_KILLS", 0))
    if at_random:
        seed = int(os.environ.get("RETAIND_SEED", random.SystemRandom().randrange(2**32)))
        print(f"RETAIND_SEED={seed} RETAIND_KILLS={at_random}", flush=True)
        kills = random.Random(seed).choices(unkilled.passes, k=at_random)
    lost, repeated = killer.all(kills)
    assert lost == 0, f"{lost} messages lost"
    names = {name for _, name, _ in kills}
    print(f"{len(kills)} kills at {len(names)} failpoints: 0 lost, {repeated} repeated (in flight)", flush=True)

    between = [kill for kill in unkilled.passes if kill[1] == "sender.sending" and kill[0] != UNREACHABLE]
    lost, _ = killer.all(between, RETAIND_DEFECT="record_first")
    assert lost >= 3 and lost >= len(between) / 2, f"the seeded defect: {lost} lost in {len(between)} kills"
    print(f"seeded defect record_first: {lost} lost in {len(between)} kills, as it must be", flush=True)
    return unkilled, {name for _, name, _ in unkilled.passes}


# -- what people do ----------------------------------------------------------------------------------------------------


def alerts(place, *words, **env):
    full = {**morning_after(LAST), **env}
    return harness.retaind("alerts", *words, "--config", place / "retaind.toml", env=full)


def kill_verb(base, place, call, words):
    """Killed before the commit it never was, killed after it it was done once; and it can be done again."""
    done, before = base / f"done-{call}", dump(place)
    shutil.copytree(place, done, symlinks=True)
    rewrite(done)
    ended = alerts(done, *words)
    assert ended.returncode == 0, ended
    after = dump(done)
    assert after != before, f"{words} changes nothing"
    for step, expected in (("written", before), ("end", after)):
        killed = base / f"killed-{call}-{step}"
        shutil.copytree(place, killed, symlinks=True)
        rewrite(killed)
        ended = alerts(killed, *words, RETAIND_FAILPOINT=f"state.{call}.{step}:1")
        assert ended.returncode == -9, f"state.{call}.{step} was not reached: {ended}"
        assert dump(killed) == expected, f"state.{call}.{step}: {difference(dump(killed), expected)}"
        if step == "written":
            assert alerts(killed, *words).returncode == 0
            assert dump(killed) == after, f"state.{call}.{step}, and again: {difference(dump(killed), after)}"


def rewrite(place):
    """The configuration of a copied folder names the folder."""
    harness.configuration(place)


def held_alerts(base):
    place = base / "held"
    place.mkdir()
    harness.write_sqlite(place / "company.db", harness.company_rows(LAST, customers=100, days=60))
    config = harness.configuration(place)
    for day in (LAST - dt.timedelta(days=9), LAST):
        done = harness.once(config, day, env=morning_after(day))
        assert done.returncode == 0, done.stderr
    return place


def kill_people(base, unkilled):
    """Kills of `alerts ...`; returns the failpoints."""
    place = base / "people"
    unkilled.life.copy(place)
    rewrite(place)
    with contextlib.closing(sqlite3.connect(place / "state.db")) as db, db:
        rule, entity = db.execute(
            "SELECT rule, entity FROM alert WHERE phase = 'firing' AND scope = 'customer' AND NOT held ORDER BY key"
        ).fetchone()
        db.execute(
            "UPDATE outbox SET status = 'dead' WHERE place = (SELECT max(place) FROM outbox WHERE receiver = 'file')"
        )
    silence = ["silence", "--match", 'rule == "gone_quiet"', "--until", "1d", "--comment", "moving"]
    kill_verb(base, place, "act", ["ack", f"{rule}/{entity}", "--comment", "calling"])
    kill_verb(base, place, "silence", silence)
    kill_verb(base, place, "requeue", ["requeue", "--receiver", "file"])
    assert alerts(place, *silence).returncode == 0
    listed = json.loads(alerts(place, "silence", "--list", "--json").stdout)
    kill_verb(base, place, "silence_ended", ["silence", "--end", listed["silences"][0]["id"]])
    kill_verb(base, held_alerts(base), "release", ["release", "--all"])
    calls = ("act", "silence", "requeue", "silence_ended", "release")
    print(f"{2 * len(calls)} kills of what people do: done once or not at all", flush=True)
    return {f"state.{call}.{step}" for call in calls for step in ("written", "end")}


# -- a running daemon -------------------------------------------------------------------------------------------------

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
        repeated = kill_running_daemons(base)
        print(f"{len(DAEMON_KILLS)} kills of a running daemon: 0 lost, {repeated} repeated (in flight)", flush=True)
    with harness.folder() as base:
        harness.write_sqlite(base / "company.db", company())
        with contextlib.ExitStack() as stack:
            mailboxes = [Mailbox(base, number) for number in range(WORKERS)]
            for mailbox in mailboxes:
                stack.callback(mailbox.stop)
            unkilled, points = kill_days(base, mailboxes)
            points |= kill_people(base, unkilled)
    known = failpoints_of_the_source()
    assert set(EXCUSED) <= known, "excused, though there is none"
    assert points == known - set(EXCUSED), f"not killed at, or unknown: {points ^ (known - set(EXCUSED))}"
    print(f"{len(points)} failpoints, {len(EXCUSED)} excused")


main()
