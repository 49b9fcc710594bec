// A snapshot as text, every value of it, so that two can be compared and a difference be seen.
#pragma once

#include <string>

#include <fmt/format.h>

#include "retaind/model/snapshot.hpp"

namespace retaind::testing {

class SnapshotDump {
public:
    explicit SnapshotDump(const Snapshot& snapshot) : snapshot_(snapshot) {}

    std::string text() {
        customers();
        subscriptions();
        promises();
        for (const auto& series : snapshot_.series) one_series(series);
        rest();
        feeds();
        return std::move(out_);
    }

private:
    std::string w(Word word) const { return word == no_word ? "NULL" : fmt::format("'{}'", snapshot_.text(word)); }
    static std::string d(const std::optional<Day>& day) { return day ? format_day(*day) : "NULL"; }
    static std::string d(std::int32_t day) { return format_day(Day{std::chrono::days{day}}); }

    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        out_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
    }

    void customers() {
        for (std::size_t i = 0; i < snapshot_.customers.size(); ++i) {
            const auto& c = snapshot_.customers[i];
            line("customer {} {} {} {} {} {} {} {} {} {} {} cost {:a} {:a} pulse {} {} subs {}+{} promises {}+{}",
                 w(c.id), w(c.name), w(c.segment), w(c.motion), w(c.account_manager), w(c.seller), w(c.parent),
                 w(c.timezone), w(c.pulse_note), d(c.since), d(c.pulse_at), c.acquisition_cost, c.cost_to_serve,
                 c.pulse, c.do_not_profile, c.first_subscription, c.subscriptions, c.first_promise, c.promises);
            for (const auto& a : snapshot_.attributes)
                line("  {} {}", a.name, a.is_number ? fmt::format("{:a}", a.numbers[i]) : w(a.words[i]));
        }
    }

    void subscriptions() {
        for (const auto& s : snapshot_.subscriptions)
            line("subscription {} of {} {} {} {} {} {} {} {} notice {:a} seats {:a} mrr {:a} {:a} over {}", w(s.id),
                 s.customer, w(s.plan), w(s.status), w(s.stage), w(s.exit_reason), d(s.started_on), d(s.renews_on),
                 d(s.ended_on), s.notice_days, s.seats, s.mrr, s.list_mrr, s.over);
    }

    void promises() {
        for (const auto& p : snapshot_.promises) {
            line("promise {} of {} {} {} {} {} {} {} {} kind {} {}..{} known {} to {} target {:a} {:a} {:a} {:a}",
                 w(p.id), p.customer, w(p.outcome), w(p.unit), w(p.curve), w(p.measured_by), w(p.promised_by),
                 w(p.kept_by), w(p.subscription), static_cast<int>(p.kind), d(p.starts_on), d(p.due_on), d(p.known),
                 d(p.replaced), p.target, p.baseline, p.quality, p.importance);
            for (const auto& r : snapshot_.readings_of(p))
                line("  reading {} {} {:a} {} known {}", d(r.at), r.second, r.value, r.reported, d(r.known));
            for (const auto& m : snapshot_.milestones_of(p))
                line("  milestone {} {} {:a} {} {:a} {}", w(m.id), d(m.due_on), m.weight, d(m.delivered_on), m.quality,
                     d(m.quality_known_on));
        }
    }

    void one_series(const Series& s) {
        line("series {} rows {}", s.dataset, s.day.size());
        for (std::size_t c = 0; c + 1 < s.first.size(); ++c)
            for (auto i = s.first[c]; i < s.first[c + 1]; ++i) {
                std::string row = fmt::format("  {} {} {}", c, d(s.day[i]), s.second.empty() ? -1 : s.second[i]);
                row += fmt::format(" {:a} known {}", s.value[i], s.known.empty() ? "same" : d(s.known[i]));
                for (const auto& t : s.texts) row += fmt::format(" {}={}", t.name, w(t.words[i]));
                for (const auto& n : s.numbers) row += fmt::format(" {}={:a}", n.name, n.numbers[i]);
                line("{}", row);
            }
    }

    void rest() {
        for (const auto& p : snapshot_.people)
            line("person {} {} {} {} {} {} {} {}", w(p.id), w(p.name), w(p.email), w(p.lead), w(p.timezone),
                 w(p.language), w(p.deputy), d(p.away_until));
        for (const auto& r : snapshot_.relations) line("relation {} {} {}", r.customer, r.related, w(r.kind));
        for (const auto& v : snapshot_.segment_series)
            line("segment {} {} {:a} known {}", w(v.segment), d(v.at), v.value, d(v.known));
        for (const auto& m : snapshot_.markers) line("marker {} {} {}", d(m.at), w(m.text), w(m.segment));
    }

    void feeds() {
        for (const auto& f : snapshot_.feeds) {
            line("feed {} loaded {} '{}' rows {} of {} stated {} mark {}", f.dataset, f.loaded, f.error, f.rows,
                 f.rows_read, d(f.stated_watermark), d(watermark(snapshot_, f.dataset)));
            for (const auto& p : f.presence) line("  present {} known {} rows {}", d(p.day), d(p.known), p.rows);
            for (const auto& [reason, r] : f.rejected)
                line("  rejected {} {} {}", reason, r.rows, fmt::join(r.keys, ","));
            for (const auto& [what, rows] : f.contradictions) line("  contradiction {} {}", what, rows);
        }
    }

    const Snapshot& snapshot_;
    std::string out_ = {};
};

inline std::string dump(const Snapshot& snapshot) { return SnapshotDump{snapshot}.text(); }

}  // namespace retaind::testing
