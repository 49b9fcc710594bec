#include "reference/reference_promises.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace reference {

namespace {

using Curve = std::vector<std::pair<double, double>>;

double normal(double z) { return 0.5 * (1 + std::erf(z / std::sqrt(2.0))); }

int sign(const Promise& p) { return *p.target > p.baseline ? 1 : -1; }

/// dir (v - V) >= -tolerance, but for the rounding of sums.
bool met(const Promise& p, double v, double tolerance) {
    return sign(p) * (v - *p.target) + tolerance + 1e-9 * std::fabs(*p.target - p.baseline) >= 0;
}

bool terms_are_sound(const Promise& p, const Rules& r) {
    if (!p.target || p.due <= p.start || *p.target == p.baseline) return false;
    const bool drawn = std::any_of(r.curves.begin(), r.curves.end(), [&](const auto& c) { return c.first == p.curve; });
    if (!p.curve.empty() && p.curve != "linear" && !drawn) return false;
    if (p.kind != Promise::milestones) return true;
    return !p.steps.empty() && *p.target > 0 && *p.target <= 1;
}

int last_day(const Promise& p, const Rules& r, int today) {
    return std::min(today, p.kind == Promise::hold ? p.due : p.due + r.grace);
}

/// Day -> value; a later row of the day replaces an earlier one.
std::map<int, double> values(const Promise& p, const Rules& r, int today, bool reported) {
    std::map<int, double> by_day;
    std::vector<Reading> rows = p.readings;
    std::stable_sort(rows.begin(), rows.end(), [](const Reading& a, const Reading& b) { return a.at < b.at; });
    for (const Reading& row : rows) {
        if (row.reported != reported || row.known > today || row.at < p.start || row.at > last_day(p, r, today))
            continue;
        by_day[row.at] = row.value;
    }
    return by_day;
}

double mean(const std::map<int, double>& by_day) {
    double sum = 0;
    for (auto [day, value] : by_day) sum += value;
    return sum / static_cast<double>(by_day.size());
}

bool done_by(const Milestone& m, int day) { return m.delivered && *m.delivered <= day; }

int enough(const Promise& p) {
    return static_cast<int>(std::ceil(*p.target * static_cast<double>(p.steps.size()) - 1e-9));
}

int count_done(const Promise& p, int day) {
    return static_cast<int>(
        std::count_if(p.steps.begin(), p.steps.end(), [&](const Milestone& m) { return done_by(m, day); }));
}

/// Walks the days one by one.
std::optional<int> kept_on(const Promise& p, const Rules& r, int today) {
    if (!terms_are_sound(p, r) || p.start > today) return {};
    const int last = last_day(p, r, today);
    if (p.kind == Promise::milestones) {
        for (int day = p.start - 400; day <= last; ++day) {
            if (count_done(p, day) >= enough(p)) return day;
        }
        return {};
    }
    const auto seen = values(p, r, today, false);
    if (p.kind == Promise::hold) {
        return today >= p.due && !seen.empty() && met(p, mean(seen), p.quality) ? std::optional{p.due} : std::nullopt;
    }
    std::optional<double> standing_value;
    for (int day = p.start; day <= last; ++day) {
        const bool fresh = seen.count(day) > 0;
        if (fresh) standing_value = seen.at(day);
        if (fresh && met(p, *standing_value, 0)) return day;
        if (day == p.due && standing_value && met(p, *standing_value, p.quality)) return day;
        if (day > p.due && fresh && met(p, *standing_value, p.quality)) return day;
    }
    return {};
}

bool says_kept(const Promise& p, const Rules& r, int today) {
    const auto reports = values(p, r, today, true);
    if (reports.empty()) return false;
    if (p.kind == Promise::hold) return met(p, reports.rbegin()->second, p.quality);
    return std::any_of(reports.begin(), reports.end(), [&](const auto& report) { return met(p, report.second, 0); });
}

bool is_missed(const Promise& p, const Rules& r, int today) {
    if (!terms_are_sound(p, r) || p.due + r.grace > today || kept_on(p, r, today)) return false;
    if (p.kind == Promise::milestones) return true;
    const bool measured = !values(p, r, today, false).empty(), told = !values(p, r, today, true).empty();
    return measured || (told && !says_kept(p, r, today));
}

double kept_rate(const std::vector<Promise>& all, const std::string& segment, const Rules& r, int today) {
    double kept = 0, missed = 0;
    for (const Promise& p : all) {
        if (p.segment != segment) continue;
        const auto on = kept_on(p, r, today);
        if (on && *on < today) kept += 1;
        if (is_missed(p, r, today) && p.due + r.grace < today) missed += 1;
    }
    return kept + missed > 0 ? kept / (kept + missed) : r.a0 / (r.a0 + r.b0);
}

double progress_of(const Promise& p, double v) { return (v - p.baseline) / (*p.target - p.baseline); }

double line(double x, double x0, double y0, double x1, double y1) { return y0 + (y1 - y0) * (x - x0) / (x1 - x0); }

/// Value of a curve without steps.
double on_curve(const Curve& curve, double u) {
    if (u <= curve.front().first) return curve.front().second;
    for (std::size_t i = 1; i < curve.size(); ++i) {
        if (u == curve[i].first) return curve[i].second;
        if (u < curve[i].first)
            return line(u, curve[i - 1].first, curve[i - 1].second, curve[i].first, curve[i].second);
    }
    return curve.back().second;
}

double past_progress(const Promise& p, const Rules& r, int today, int kept, double day) {
    if (day >= kept) return 1;
    double x0 = p.start, y0 = 0;
    for (auto [at, value] : values(p, r, today, false)) {
        if (at > day) return std::min(1.0, std::max(0.0, line(day, x0, y0, at, progress_of(p, value))));
        x0 = at;
        y0 = progress_of(p, value);
    }
    return std::min(1.0, std::max(0.0, y0));
}

/// The median of at least 20 kept ones, or nothing.
std::optional<Curve> usual_curve(const std::vector<Promise>& all, const std::string& segment, const Rules& r,
                                 int today) {
    std::vector<std::pair<const Promise*, int>> kept;
    for (const Promise& p : all) {
        const auto on = kept_on(p, r, today);
        if (p.kind == Promise::reach && p.segment == segment && on && *on < today) kept.emplace_back(&p, *on);
    }
    if (kept.size() < 20) return {};
    Curve curve = {{0.0, 0.0}};
    for (int i = 1; i < 20; ++i) {
        std::vector<double> at;
        for (auto [p, on] : kept)
            at.push_back(past_progress(*p, r, today, on, p->start + i / 20.0 * (p->due - p->start)));
        std::sort(at.begin(), at.end());
        const double median = (at[(at.size() - 1) / 2] + at[at.size() / 2]) / 2;
        curve.emplace_back(i / 20.0, std::max(curve.back().second, median));
    }
    curve.emplace_back(1.0, 1.0);
    return curve;
}

/// The first u in [0, 1] for which `holds`, which once true stays true; 1 if never.
template <class Holds>
double first_where(Holds holds) {
    if (holds(0.0)) return 0;
    double no = 0, yes = 1;
    for (int i = 0; i < 200; ++i) {
        const double middle = (no + yes) / 2;
        (holds(middle) ? yes : no) = middle;
    }
    return yes;
}

double snapped(const Curve& curve, double p) {
    for (const auto& [x, y] : curve) {
        if (std::fabs(y - p) <= 1e-9) return y;
    }
    return p;
}

/// t - clamp(t, from, to).
double outside(double t, double from, double to) { return t < from ? t - from : t > to ? t - to : 0; }

double behind_curve(const Promise& p, const Curve& curve, double progress, int today) {
    const double level = snapped(curve, std::min(1.0, std::max(0.0, progress)));
    const double left = first_where([&](double u) { return on_curve(curve, u) >= level; });
    const double right = first_where([&](double u) { return on_curve(curve, u) > level; });
    const double length = p.due - p.start;
    return outside(today, p.start + length * left, level >= 1 ? 1e9 : p.start + length * right);
}

/// Share of weight due by a day, or done by a day.
template <class Counts>
double share(const Promise& p, Counts counts) {
    double part = 0, whole = 0, part_even = 0;
    for (const Milestone& m : p.steps) {
        whole += m.weight;
        if (!counts(m)) continue;
        part += m.weight;
        part_even += 1;
    }
    return whole > 0 ? part / whole : part_even / static_cast<double>(p.steps.size());
}

double due_share(const Promise& p, int day) {
    return share(p, [&](const Milestone& m) { return m.due <= day && m.due <= p.due; });
}

/// Day by day: the first on which that much was due, and the last on which no more was.
double behind_steps(const Promise& p, double progress, int today) {
    const double level = std::min(1.0, std::max(0.0, progress));
    int from = p.start;
    while (from < p.due && due_share(p, from) < level - 1e-9) ++from;
    int to = p.start;
    while (to < p.due && due_share(p, to) <= level + 1e-9) ++to;
    return outside(today, from, progress >= 1 - 1e-9 ? 1e9 : to);
}

std::optional<Curve> curve_of(const std::vector<Promise>& all, const Promise& p, const Rules& r, int today) {
    for (const auto& [name, points] : r.curves) {
        if (name == p.curve) return points;
    }
    if (p.curve == "linear") return Curve{{0.0, 0.0}, {1.0, 1.0}};
    if (p.kind != Promise::reach) return {};
    return usual_curve(all, p.segment, r, today).value_or(Curve{{0.0, 0.0}, {1.0, 1.0}});
}

void place(Standing& s, const std::vector<Promise>& all, const Promise& p, const Rules& r, int today) {
    const auto curve = curve_of(all, p, r, today);
    const double tau = std::min(1.0, std::max(0.0, static_cast<double>(today - p.start) / (p.due - p.start)));
    const bool in_steps = p.kind == Promise::milestones && !curve;
    s.expected = curve ? on_curve(*curve, tau) : in_steps ? due_share(p, std::min(today, p.due)) : 1.0;
    if (!s.value) return;
    s.progress = progress_of(p, *s.value);
    s.pace = std::min(1.0, std::max(0.0, *s.progress)) - *s.expected;
    if (curve) s.days_behind = behind_curve(p, *curve, *s.progress, today);
    if (in_steps) s.days_behind = behind_steps(p, *s.progress, today);
    if (s.days_behind && s.kept_on) s.days_behind = std::min(0.0, *s.days_behind);
}

void reach(Standing& s, const Promise& p, const std::map<int, double>& by_day, int today) {
    if (today >= p.due) {
        if (!by_day.empty()) s.probability = 0;
        if (s.kept_on) s.required_rate_ratio = 0;
        return;
    }
    const std::vector<std::pair<int, double>> x(by_day.begin(), by_day.end());
    if (x.size() >= 3) {
        double wdv = 0, wdt = 0, w_sum = 0, noise = 0;
        const auto w = [&](std::size_t i) { return std::pow(2.0, -(today - x[i].first) / 14.0); };
        const auto dv = [&](std::size_t i) { return x[i].second - x[i - 1].second; };
        const auto dt = [&](std::size_t i) { return static_cast<double>(x[i].first - x[i - 1].first); };
        for (std::size_t i = 1; i < x.size(); ++i) wdv += w(i) * dv(i), wdt += w(i) * dt(i), w_sum += w(i);
        const double rho = wdv / wdt;
        for (std::size_t i = 1; i < x.size(); ++i) noise += w(i) * std::pow(dv(i) - rho * dt(i), 2) / dt(i);
        const double sigma = std::max(std::sqrt(noise / w_sum), 0.01 * std::fabs(*p.target - p.baseline));
        const double v = x.back().second, left = p.due - today;
        s.probability = normal(sign(p) * (v + rho * left - *p.target) / (sigma * std::sqrt(left)));
        if (met(p, v, 0))
            s.required_rate_ratio = 0;
        else if (sign(p) * rho > 1e-9 * std::fabs(*p.target - p.baseline))
            s.required_rate_ratio = ((*p.target - v) / left) / rho;
    }
    if (s.kept_on) s.required_rate_ratio = 0;
}

void hold(Standing& s, const Promise& p, const std::map<int, double>& by_day, int today) {
    if (today >= p.due) {
        if (!by_day.empty()) s.probability = 0;
        return;
    }
    std::vector<double> x;
    for (auto [day, value] : by_day) x.push_back(value);
    const double n = static_cast<double>(x.size());
    if (n < 4) return;
    const double m = mean(by_day);
    double top = 0, bottom = 0;
    for (std::size_t i = 0; i < x.size(); ++i) bottom += (x[i] - m) * (x[i] - m);
    for (std::size_t i = 0; i + 1 < x.size(); ++i) top += (x[i] - m) * (x[i + 1] - m);
    const double a = bottom > 0 ? std::min(0.9, std::max(0.0, top / bottom)) : 0;
    const double se = std::sqrt(bottom / (n - 1)) / std::sqrt(n * (1 - a) / (1 + a));
    const double time_left = static_cast<double>(p.due - today) / (p.due - p.start);
    s.probability =
        normal(sign(p) * (m - *p.target) / (std::max(se, 0.01 * std::fabs(*p.target - p.baseline)) * time_left));
}

/// C(m, j) B(a + j, b + m - j) / B(a, b) as a product of ratios, one draw after the other.
double beta_binomial(int m, int j, double a, double b) {
    long double product = 1;
    for (int i = 0; i < j; ++i) product *= static_cast<long double>(m - i) / (j - i) * (a + i) / (a + b + i);
    for (int i = 0; i < m - j; ++i) product *= (b + i) / (a + b + j + i);
    return static_cast<double>(product);
}

void steps(Standing& s, const Promise& p, const Rules& r, int today) {
    const int last = last_day(p, r, today);
    std::vector<Milestone> due;
    int open = 0;
    for (const Milestone& m : p.steps) {
        if (m.due + r.grace <= today)
            due.push_back(m);
        else if (!done_by(m, last))
            ++open;
    }
    if (due.empty()) return;
    std::sort(due.begin(), due.end(),
              [](const Milestone& x, const Milestone& y) { return x.due != y.due ? x.due > y.due : x.id > y.id; });
    double a = r.a0, b = r.b0;
    for (std::size_t age = 0; age < due.size(); ++age) {
        (done_by(due[age], last) ? a : b) += std::pow(r.gamma, static_cast<double>(age));
    }
    const int need = enough(p) - count_done(p, last);
    double sum = 0;
    for (int j = std::max(0, need); j <= open; ++j) sum += beta_binomial(open, j, a, b);
    s.probability = need <= 0 ? 1 : need > open ? 0 : sum;
}

bool reports_count(const std::map<int, double>& measured, const std::map<int, double>& told, const Promise& p,
                   const Rules& r, int today) {
    if (told.empty()) return false;
    return measured.empty() || std::min(today, p.due + r.grace) - measured.rbegin()->first > r.evidence_days;
}

bool has_gap(const std::vector<Promise>& all, const Promise& p, const Rules& r, int today) {
    if (p.kind != Promise::milestones && p.due + r.grace <= today) return true;
    const bool keepers = std::any_of(
        all.begin(), all.end(), [&](const Promise& other) { return !other.kept_by.empty() && other.start <= today; });
    if (keepers && p.kept_by.empty()) return true;
    if (p.kind == Promise::milestones) return false;
    int newest = p.start;
    for (bool reported : {false, true}) {
        const auto seen = values(p, r, today, reported);
        if (!seen.empty()) newest = std::max(newest, seen.rbegin()->first);
    }
    return std::min(today, p.due) - newest > r.evidence_days;
}

std::string band(const std::optional<double>& probability, const Rules& r) {
    if (!probability) return "open";
    return *probability >= r.on_track ? "on_track" : *probability >= r.off_track ? "slipping" : "off_track";
}

}  // namespace

Standing standing(const std::vector<Promise>& all, const Promise& p, const Rules& r, int today) {
    Standing s;
    s.state = "open";
    if (p.start > today) {
        if (!terms_are_sound(p, r)) s.state = "open";
        return s;
    }
    if (!terms_are_sound(p, r)) {
        s.state = "unmeasurable";
        return s;
    }
    const auto measured = values(p, r, today, false), told = values(p, r, today, true);
    const bool by_word = p.kind != Promise::milestones && reports_count(measured, told, p, r, today);
    auto seen = measured;
    if (by_word) seen.insert(told.begin(), told.end());
    s.kept_on = kept_on(p, r, today);
    s.reported_kept = p.kind != Promise::milestones && says_kept(p, r, today);
    if (p.kind == Promise::milestones)
        s.value = share(p, [&](const Milestone& m) { return done_by(m, last_day(p, r, today)); });
    else if (!seen.empty())
        s.value = p.kind == Promise::hold ? mean(seen) : seen.rbegin()->second;
    place(s, all, p, r, today);
    if (p.kind == Promise::reach) reach(s, p, seen, today);
    if (p.kind == Promise::hold) hold(s, p, seen, today);
    if (p.kind == Promise::milestones) steps(s, p, r, today);
    if (by_word && s.reported_kept) s.probability = 1;
    if (by_word && s.probability) s.probability = 0.5 * *s.probability + 0.5 * kept_rate(all, p.segment, r, today);
    if (s.kept_on) {
        s.state = "kept";
        s.probability = 1;
    } else if (is_missed(p, r, today)) {
        s.state = "missed";
        s.probability = 0;
    } else if (has_gap(all, p, r, today)) {
        s.state = "unmeasurable";
        s.probability.reset();
    } else {
        s.state = band(s.probability, r);
    }
    s.disputed = s.reported_kept && s.probability && *s.probability < r.off_track;
    return s;
}

std::optional<double> measure(const std::string& name, const std::vector<Promise>& all, const std::string& customer,
                              const Rules& r, int grace, int today) {
    std::vector<Promise> mine;
    for (const Promise& p : all) {
        if (p.customer == customer && p.start <= today && today - p.due <= r.memory_days) mine.push_back(p);
    }
    if (name == "kept_probability") {
        double top = 0, bottom = 0;
        for (const Promise& p : mine) {
            const auto s = standing(all, p, r, today);
            if (s.probability) top += p.importance * *s.probability, bottom += p.importance;
        }
        return bottom > 0 ? std::optional{top / bottom} : std::nullopt;
    }
    std::vector<Milestone> pool;
    for (const Promise& p : mine) pool.insert(pool.end(), p.steps.begin(), p.steps.end());
    std::vector<Milestone> due;
    for (const Milestone& m : pool) {
        if (m.due + grace <= today) due.push_back(m);
    }
    const double delivered = static_cast<double>(
        std::count_if(due.begin(), due.end(), [&](const Milestone& m) { return done_by(m, today); }));
    if (name == "overdue") return static_cast<double>(due.size()) - delivered;
    if (name == "milestone_attainment") {
        if (due.empty()) return {};
        const auto& last = *std::max_element(due.begin(), due.end(), [](const Milestone& x, const Milestone& y) {
            return x.due != y.due ? x.due < y.due : x.id < y.id;
        });
        return (delivered + (done_by(last, today) ? 1 : 0)) / (static_cast<double>(due.size()) + 1);
    }
    double top = 0, bottom = 0;
    std::optional<double> next;
    for (const Milestone& m : pool) {
        if (!done_by(m, today) && m.due >= today && (!next || m.due - today < *next)) next = m.due - today;
        if (!done_by(m, today) || !m.quality) continue;
        if (m.quality_known.value_or(*m.delivered + r.quality_delay) > today) continue;
        top += m.weight * *m.quality;
        bottom += m.weight;
    }
    if (name == "next_due_days") return next;
    return bottom > 0 ? std::optional{top / bottom} : std::nullopt;
}

}  // namespace reference
