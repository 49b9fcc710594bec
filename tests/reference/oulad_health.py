#!/usr/bin/python3
"""The health of rules/education.toml, computed slowly and obviously, to check the engine against: the default score of
SCORING 1.2, the credits taken on, and the first visits before a course begins.

Standard library only. It reads the CSV files themselves, not the example's queries, so that a slip in a query shows.

    oulad_health.py expected FOLDER   expected_health.csv on standard output (customer_id,as_of,health,coverage)
    oulad_health.py panel FOLDER      AUC of health against "quits within 28 days", weekly dates, pooled and within date

No smoothing and no state: a first day has no earlier state, so the prior is always 70. Where SCORING leaves a choice,
the choice taken is marked READING below.
"""
import csv
import gzip
import math
import os
import sys
from collections import defaultdict
from datetime import date, timedelta

PRIOR = 70.0
DELTA = 0.5            # cohort position: the median customer shows 69
HALFLIFE_DAYS = 14.0
BUCKET_DAYS = 7
BUCKETS = 8
COHORT_MIN = 20
SD_FLOOR = 0.5
QUALITY_DELAY = timedelta(days=14)
MEMORY = timedelta(days=90)
WEIGHTS = {"activity": 40.0, "milestones_met": 60.0 * 2 / 3, "grade": 60.0 * 1 / 3, "load": 15.0, "readiness": 15.0}
OPEN_BEFORE_START = timedelta(days=28)
LOOK_BACK_DAYS = 28
LOAD = [(30, 100), (60, 70), (120, 40), (240, 0)]   # credits, score; linear between, flat outside
VISITS = [(0, 20), (1, 60), (3, 85)]                # days with a visit, score; the last that is reached
AS_OF_DAYS = [date(2013, 1, 25), date(2013, 3, 15), date(2013, 6, 1), date(2013, 8, 30)]


def day(text):
    return date.fromisoformat(text) if text else None


def rows(folder, name):
    path = os.path.join(folder, name)
    opened = gzip.open(path, "rt", newline="") if name.endswith(".gz") else open(path, newline="")
    with opened as lines:
        yield from csv.DictReader(lines)


class Course:
    """Everything in one folder, as plain dictionaries by customer."""

    def __init__(self, folder):
        self.cohort = {r["account_id"]: (r["segment"], r["cohort"]) for r in rows(folder, "accounts.csv")}
        self.credits = {r["account_id"]: float(r["size_units"]) for r in rows(folder, "accounts.csv")}
        self.signed, self.ended, self.cancelled, self.start, self.renewal = {}, {}, {}, {}, {}
        for r in rows(folder, "subscriptions.csv"):
            who = r["account_id"]
            self.signed[who], self.start[who] = day(r["signed_date"]), day(r["start_date"])
            self.renewal[who] = day(r["renewal_date"])
            self.cancelled[who] = day(r["cancelled_date"])
            self.ended[who] = self.cancelled[who] or self.renewal[who]
        self.clicks = defaultdict(list)                     # day -> [(customer, clicks)]
        for r in rows(folder, "usage_daily.csv.gz"):
            self.clicks[day(r["date"])].append((r["account_id"], int(r["clicks"])))
        self.milestones = defaultdict(list)                 # cohort -> [(due, id, weight)], optional ones left out
        for r in rows(folder, "promises.csv"):
            if float(r["weight"]) > 0:
                step = (day(r["due_date"]), r["promise_id"], float(r["weight"]))
                self.milestones[(r["segment"], r["cohort"])].append(step)
        self.delivered = {}                                 # (customer, milestone) -> (day, quality or None)
        for r in rows(folder, "deliveries.csv"):
            quality = float(r["quality_score"]) if r["quality_score"] and r["carried_over"] != "1" else None
            self.delivered[r["account_id"], r["promise_id"]] = (day(r["delivered_date"]), quality)

    def live(self, who, on):
        """READING: live while started_on <= T < ended_on, both as days (SCORING 1.0)."""
        return self.signed[who] <= on < self.ended[who]

    def watermark(self, as_of):
        days = [d for d in self.clicks if d <= as_of]
        return max(days) if days else None


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread(values):
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)) if len(values) > 1 else 0.0


def cohort_positions(course, end):
    """customer -> position r in the bucket of 7 days that ends on `end`, for everybody live on that day."""
    total = defaultdict(int)
    for back in range(BUCKET_DAYS):
        for who, clicks in course.clicks.get(end - timedelta(days=back), []):
            total[who] += clicks
    alike, everybody = defaultdict(list), []
    live = [who for who in course.cohort if course.live(who, end)]
    for who in live:
        u = math.log1p(total[who])      # no row in a fresh feed is zero
        alike[course.cohort[who]].append(u)
        everybody.append(u)
    centre = {key: (median(us), max(spread(us), SD_FLOOR)) for key, us in alike.items() if len(us) >= COHORT_MIN}
    overall = (median(everybody), max(spread(everybody), SD_FLOOR)) if len(everybody) >= COHORT_MIN else None
    positions = {}
    for who in live:
        centre_here = centre.get(course.cohort[who], overall)   # READING: "at least 20, else all, else missing"
        if centre_here:
            positions[who] = min(3.0, max(-3.0, (math.log1p(total[who]) - centre_here[0]) / centre_here[1]))
    return positions


def activity_scores(course, as_of):
    """customer -> 100 Phi(ewma of the last 8 buckets + delta). READING: the EWMA is the recursion of 1.4 with dt = 7 d,
    begun by the first bucket the customer was live in; a bucket in which it was not live at the end is skipped."""
    mark = course.watermark(as_of)
    smooth, alpha = {}, 1 - 2 ** (-BUCKET_DAYS / HALFLIFE_DAYS)
    if mark is None:
        return {}
    for bucket in reversed(range(BUCKETS)):                 # oldest first
        for who, r in cohort_positions(course, mark - timedelta(days=BUCKET_DAYS * bucket)).items():
            smooth[who] = smooth[who] + alpha * (r - smooth[who]) if who in smooth else r
    return {who: 100 * math.erfc(-(y + DELTA) / math.sqrt(2)) / 2 for who, y in smooth.items()}


def ramp(x, bad, good):
    return 100 * min(1.0, max(0.0, (x - bad) / (good - bad)))


def outcome_scores(course, who, as_of):
    """(milestones_met, grade), None where missing.
    READING: a promise that has not started yet is not open, so it is not pooled; of the due milestones only those
    delivered by T count in attainment; quality is taken over all delivered by T and known by T, due or not."""
    if course.start[who] > as_of or as_of >= course.renewal[who] + MEMORY:
        return None, None
    steps = sorted(course.milestones[course.cohort[who]])   # by due date, then id as text
    hand_in = {ident: course.delivered.get((who, ident), (None, None)) for _, ident, _ in steps}
    met = {ident: on is not None and on <= as_of for ident, (on, _) in hand_in.items()}
    due = [ident for on, ident, _ in steps if on <= as_of]  # grace 0: due on its own day
    attained = None
    if due:
        attained = ramp((sum(met[i] for i in due) + met[due[-1]]) / (len(due) + 1), 0, 1)
    known = [(weight, hand_in[i][1]) for _, i, weight in steps
             if met[i] and hand_in[i][1] is not None and hand_in[i][0] + QUALITY_DELAY <= as_of]
    grade = None
    if known:
        grade = ramp(math.fsum(w * q for w, q in known) / math.fsum(w for w, _ in known), 30, 80)
    return attained, grade


def load_score(credits):
    if credits <= LOAD[0][0]:
        return LOAD[0][1]
    for (x0, s0), (x1, s1) in zip(LOAD, LOAD[1:]):
        if credits <= x1:
            return s0 + (s1 - s0) * (credits - x0) / (x1 - x0)
    return LOAD[-1][1]


def visits(course, as_of):
    """customer -> days with a click among the last 28 up to the watermark."""
    mark = course.watermark(as_of)
    seen = defaultdict(int)
    if mark is None:
        return None
    for back in range(LOOK_BACK_DAYS):
        for who in {w for w, clicks in course.clicks.get(mark - timedelta(days=back), []) if clicks > 0}:
            seen[who] += 1
    return seen


def is_about_to_begin(course, who, as_of):
    """Whether the readiness signal exists: the pages are open and the course has not begun."""
    return course.start[who] - OPEN_BEFORE_START <= as_of < course.start[who]


def health_on(course, as_of):
    """customer -> (health, coverage) for everybody live on as_of. Every feed is fresh, so f = 1 or 0 (missing)."""
    activity, seen = activity_scores(course, as_of), visits(course, as_of)
    result = {}
    for who in course.cohort:
        if not course.live(who, as_of):
            continue
        met, grade = outcome_scores(course, who, as_of)
        scores = {"activity": activity.get(who), "milestones_met": met, "grade": grade,
                  "load": load_score(course.credits[who])}
        if is_about_to_begin(course, who, as_of):
            scores["readiness"] = None if seen is None else max((n, s) for n, s in VISITS if n <= seen[who])[1]
        whole = sum(WEIGHTS[name] for name in scores)
        shares = {name: WEIGHTS[name] / whole for name, s in scores.items() if s is not None}
        coverage = math.fsum(shares.values())
        result[who] = (math.fsum(shares[n] * scores[n] for n in shares) + (1 - coverage) * PRIOR, coverage)
    return result


def auc(pairs):
    """P(score of a quitter < score of a stayer) + half of the ties, by ranks. None without both kinds."""
    ordered = sorted(pairs)
    quitters = sum(1 for _, y in ordered if y)
    if quitters == 0 or quitters == len(ordered):
        return None
    rank_sum, i = 0.0, 0
    while i < len(ordered):
        j = i
        while j < len(ordered) and ordered[j][0] == ordered[i][0]:
            j += 1
        rank_sum += sum(1 for k in range(i, j) if ordered[k][1]) * (i + 1 + j) / 2
        i = j
    stayers = len(ordered) - quitters
    return 1 - (rank_sum - quitters * (quitters + 1) / 2) / (quitters * stayers)


def expected(folder):
    course = Course(folder)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["customer_id", "as_of", "health", "coverage"])
    for as_of in AS_OF_DAYS:
        scored = health_on(course, as_of)
        for who in sorted(scored):
            out.writerow([who, as_of.isoformat(), f"{scored[who][0]:.12f}", f"{scored[who][1]:.12f}"])


def panel(folder, horizon=28, every=7):
    course = Course(folder)
    last = max(course.clicks)
    as_of = min(course.clicks) + timedelta(days=BUCKET_DAYS - 1)    # the first whole bucket
    dates = []
    while as_of + timedelta(days=horizon) <= last:
        quits = {w for w, c in course.cancelled.items() if c and as_of < c <= as_of + timedelta(days=horizon)}
        scored = health_on(course, as_of).items()
        dates.append((as_of, [(h, k, w in quits, course.start[w] <= as_of, w) for w, (h, k) in scored]))
        print(f"\r{as_of}", end="", file=sys.stderr)
        as_of += timedelta(days=every)
    print(file=sys.stderr)
    report("all live customers", dates)
    report("after the course start", [(d, [r for r in rs if r[3]]) for d, rs in dates])
    report("measured (coverage >= 0.35)", [(d, [r for r in rs if r[1] >= 0.35]) for d, rs in dates])
    for cohort in sorted({c[1] for c in course.cohort.values()}):
        report(f"cohort {cohort} after the start",
               [(d, [r for r in rs if r[3] and course.cohort[r[4]][1] == cohort]) for d, rs in dates])
    by_band(dates)


def report(name, dates):
    pooled = [(h, y) for _, rs in dates for h, _, y, _, _ in rs]
    events = sum(y for _, y in pooled)
    per_date = [(auc([(h, y) for h, _, y, _, _ in rs]), sum(r[2] for r in rs)) for _, rs in dates]
    usable = [(a, n) for a, n in per_date if a is not None]
    plain = math.fsum(a for a, _ in usable) / len(usable)
    ten = [a for a, n in usable if n >= 10]
    weighted = math.fsum(a * n for a, n in usable) / sum(n for _, n in usable)
    print(f"{name}: rows {len(pooled)}, events {events}, pooled AUC {auc(pooled):.4f}, "
          f"within date {plain:.4f} ({len(usable)} dates), 10 events {math.fsum(ten) / len(ten):.4f} ({len(ten)}), "
          f"by events {weighted:.4f}")


def by_band(dates):
    print("quits within the horizon, by health, after the course start")
    rs = [r for _, day_rows in dates for r in day_rows if r[3]]
    for low, high in [(0, 20), (20, 40), (40, 60), (60, 70), (70, 80), (80, 90), (90, 101)]:
        here = [r[2] for r in rs if low <= r[0] < high]
        print(f"  {low:3d} to {high:3d}: {len(here):7d} rows, {100 * sum(here) / max(1, len(here)):5.2f} %")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("expected", "panel"):
        sys.exit(__doc__)
    {"expected": expected, "panel": panel}[sys.argv[1]](sys.argv[2])
