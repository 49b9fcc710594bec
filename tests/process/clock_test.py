"""T1, end to end: the wall clock of the running daemon jumps, by libfaketime.

The next turn comes within one interval, the jump is logged once, what is new is held for one turn and told in the next,
and nothing is told twice. Where the clock says a day that cannot be, the day that the state knows is evaluated again.
"""

import datetime as dt
import os
import pathlib
import re
import sqlite3
import sys
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

FAKETIME = harness.needs_faketime()
INTERVAL = 3
HOUR, DAY = 3600, 86400
# The day that the daemon takes for today: noon of it, so that an hour more or less is the same day.
TODAY = dt.date(2026, 5, 20)
YESTERDAY = TODAY - dt.timedelta(days=1)


class Clock:
    """What the daemon takes for the time: the real one and an offset, which the daemon reads at every look."""

    def __init__(self, place):
        self.file = place / "clock"
        noon = dt.datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=dt.timezone.utc)
        self.offset = round((noon - dt.datetime.now(dt.timezone.utc)).total_seconds())
        self.jump(0)

    def jump(self, seconds):
        self.offset += seconds
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{self.offset:+d}\n")
        os.replace(fresh, self.file)

    def environment(self):
        return {
            "LD_PRELOAD": FAKETIME,
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }


def fall_silent(place, customer):
    with sqlite3.connect(place / "company.db", timeout=30) as db:
        since = str(YESTERDAY - dt.timedelta(days=13))
        db.execute("DELETE FROM usage WHERE customer_id = ? AND at >= ?", (customer, since))


def told(place):
    lines = harness.messages(place / "messages.jsonl")
    repeated = [i for i, n in Counter(m["delivery_id"] for m in lines).items() if n > 1]
    assert not repeated, f"told twice: {repeated}"
    return Counter((a["rule"], a["entity"], a["transition"]) for m in lines for a in m["alerts"])


class Life:
    """A daemon under a clock that can be set."""

    def __init__(self, place):
        self.place, self.clock = place, Clock(place)
        harness.write_sqlite(place / "company.db", harness.company_rows(YESTERDAY))
        port = harness.free_port()
        config = harness.configuration(place, metrics_port=port, interval=f"{INTERVAL}s")
        self.daemon = harness.Daemon(config, port, env=self.clock.environment())

    def settle(self):
        """What is there at first is told."""
        self.daemon.wait_ready()
        harness.wait_until(lambda: told(self.place), 4 * INTERVAL, what="what was found at first")
        self.await_tries(1, 2 * INTERVAL)

    def turns(self):
        return [line for line in self.daemon.text().splitlines() if re.search(r"as of .* messages$", line)]

    def evaluated(self):
        return {re.search(r"as of (\S+):", line).group(1) for line in self.turns()}

    def unbelieved(self):
        return self.daemon.text().count("that day is evaluated until the clock is right")

    def tries(self):
        return sum(self.daemon.metric("retaind_cycles_total", result=result) or 0 for result in ("ok", "failed"))

    def await_tries(self, count, seconds):
        before = self.tries()
        harness.wait_until(lambda: self.tries() >= before + count, seconds, what=f"{count} turns")

    def jumps(self):
        return self.daemon.text().count("wall clock jumped by")


def jump(life, by, customer):
    """A customer falls silent while the clock jumps: held for a turn, and told in the next."""
    turns, jumps, before = len(life.turns()), life.jumps(), told(life.place)
    fall_silent(life.place, customer)
    life.clock.jump(by)
    harness.wait_until(lambda: len(life.turns()) > turns, INTERVAL + 4, what="the next turn")
    harness.wait_until(lambda: life.jumps() > jumps, INTERVAL + 4, what="the line in the log")
    news = harness.wait_until(lambda: told(life.place) - before, 3 * INTERVAL, what="the news")
    life.await_tries(1, 2 * INTERVAL)
    news = told(life.place) - before
    assert {entity for _, entity, _ in news} == {customer}, f"{by:+d} s: {news}"
    assert max(news.values()) == 1, news
    assert life.jumps() == jumps + 1, "a jump is logged once"
    after = life.daemon.text().split("wall clock jumped by")[-1]
    counts = [int(n) for n in re.findall(r"(\d+) messages$", after, re.MULTILINE)]
    first = next(at for at, count in enumerate(counts) if count)
    assert first >= 1, f"{by:+d} s: not held: {counts}"


def still_tells(life, customer):
    """All is well again: somebody falls silent, and that is told."""
    fall_silent(life.place, customer)
    harness.wait_until(
        lambda: customer in {entity for _, entity, _ in told(life.place)}, 4 * INTERVAL, what="the news"
    )


def test_an_hour_and_a_day(place):
    life = Life(place)
    with life.daemon as daemon:
        life.settle()
        for by, customer in ((HOUR, "c001"), (-HOUR, "c002"), (DAY, "c003")):
            jump(life, by, customer)
        assert daemon.metric("retaind_clock_jumps_total") == 3
        assert daemon.stop()[1] == 0
    return "each seen once, held for a turn, told in the next"


def test_back_to_where_days_are_known_already(place):
    """A day back, and 1970: what the state knows is of the future. It goes on with its day, and nothing is told."""
    life = Life(place)
    with life.daemon as daemon:
        life.settle()
        before = told(life.place)
        back = round(dt.datetime(2026, 5, 20, 12, tzinfo=dt.timezone.utc).timestamp()) - 3 * HOUR
        for times, by in enumerate((-DAY, -back), 1):
            turns = len(life.turns())
            life.clock.jump(by)
            harness.wait_until(lambda: life.unbelieved() == times, INTERVAL + 4, what="the line in the log")
            harness.wait_until(lambda: len(life.turns()) > turns + 1, 3 * INTERVAL, what="two turns")
            assert daemon.is_ready(), "the state's day is evaluated"
            life.clock.jump(-by)
            turns = len(life.turns())
            harness.wait_until(lambda: len(life.turns()) > turns, INTERVAL + 4, what="a turn when the clock is right")
            assert told(life.place) == before, told(life.place) - before
        assert life.evaluated() == {str(YESTERDAY)}, life.evaluated()
        assert life.unbelieved() == 2, "said once each time"
        assert not daemon.metric("retaind_cycles_total", result="failed")
        still_tells(life, "c001")
        assert daemon.stop()[1] == 0
    return "the known day again, nothing told, and on again within an interval"


def test_ten_years_and_back(place):
    life = Life(place)
    with life.daemon as daemon:
        life.settle()
        before = told(life.place)
        life.clock.jump(3653 * DAY)
        life.await_tries(2, 3 * INTERVAL)
        messages = len(harness.messages(place / "messages.jsonl"))
        assert messages <= 2 + len(before), "a burst"
        life.clock.jump(-3653 * DAY)
        turns = len(life.turns())
        harness.wait_until(lambda: len(life.turns()) > turns, INTERVAL + 4, what="a turn when the clock is right")
        assert life.evaluated() == {str(YESTERDAY)}, "nothing is written down of a day ten years ahead"
        assert life.unbelieved() == 1, life.unbelieved()
        assert not daemon.metric("retaind_cycles_total", result="failed")
        still_tells(life, "c001")
        assert daemon.stop()[1] == 0
    return "no burst, and on again within an interval"


harness.run_tests(globals())
