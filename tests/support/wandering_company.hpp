// A company as rows of its database: customers of two segments whose use wanders, stops, and comes back; promises with
// readings and milestones; rows that became known late; customers that join and leave on the way.
#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/rows.hpp"

namespace retaind::testing {

class WanderingCompany {
public:
    static constexpr int customers = 50, days = 110;
    static constexpr int walked = 24;  ///< days before the last on which customers may join and leave
    static inline const Day last = on(2026, 3, 31);

    explicit WanderingCompany(unsigned seed) : random_(seed) {
        people();
        for (int n = 0; n < customers; ++n) customer(n);
    }
    std::vector<Rows> rows() const {
        return {customers_, subscriptions_, usage_, touchpoints_, promises_, readings_, milestones_, people_};
    }

private:
    static std::string id(const char* prefix, int n) { return prefix + std::to_string(100 + n); }
    static std::string text(double number) { return std::to_string(number); }
    std::string row_id() { return "r" + std::to_string(++row_ids_); }
    int any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
    static std::string ago(int n) { return format_day(last - std::chrono::days{n}); }

    void people() { people_.rows = {{"m1", "Maria", "maria@example.org"}, {"m2", "Mo", "mo@example.org"}}; }

    void customer(int n) {
        const std::string c = id("c", n);
        customers_.rows.push_back({c, "Customer " + c, n % 2 ? "north" : "south", n % 3 ? "m1" : "m2"});
        const int joined = n % 7 == 0 ? any(walked) : 200 + any(200);
        const bool leaves = n % 9 == 0;
        subscriptions_.rows.push_back({id("s", n), c, leaves ? "cancelled" : "active", ago(joined), ago(-any(90) - 1),
                                       leaves ? TextCell(ago(any(walked))) : TextCell(), text(10 + n)});
        use(n, c);
        for (int day = any(20); day < days; day += 10 + any(30))
            touchpoints_.rows.push_back({c, ago(day), any(2) ? "service" : "sales", row_id()});
        if (n % 2 == 0) promise(n, c);
    }

    void use(int n, const std::string& c) {
        const int stops = any(60), back = any(2) ? stops / 2 : 0;
        for (int day = 0; day < days; ++day) {
            if ((day < stops && day >= back) || any(10) < 3) continue;
            const int late = any(12) == 0 ? any(4) : 0;
            usage_.rows.push_back({c, ago(day), any(40) == 0 ? TextCell() : TextCell(text(1 + n % 5 + any(10))),
                                   ago(day - late), row_id()});
        }
    }

    void promise(int n, const std::string& c) {
        const std::string p = id("p", n);
        const bool steps = n % 4 == 0;
        promises_.rows.push_back({p, c, "something agreed", steps ? "milestones" : "reach", ago(80), ago(10 - any(60)),
                                  steps ? "0.8" : "100"});
        for (int day = 80; day >= 0; day -= 5 + any(8)) {
            if (!steps)
                readings_.rows.push_back({p, ago(day), text((80 - day) * (0.5 + any(100) * 0.01)), row_id()});
            else
                milestones_.rows.push_back({p, id("t", day), ago(day),
                                            any(4) ? TextCell(ago(day - any(9) + 4)) : TextCell(), text(40 + any(60))});
        }
    }

    std::mt19937 random_;
    int row_ids_ = 0;
    Rows customers_{DatasetKind::customers, {"customer_id", "name", "segment", "account_manager"}, {}, {}};
    Rows subscriptions_{DatasetKind::subscriptions,
                        {"subscription_id", "customer_id", "status", "started_on", "renews_on", "ended_on", "mrr"},
                        {},
                        {}};
    Rows usage_{DatasetKind::usage, {"customer_id", "at", "value", "known_at", "row_id"}, {}, {}};
    Rows touchpoints_{DatasetKind::touchpoints, {"customer_id", "at", "kind", "row_id"}, {}, {}};
    Rows promises_{DatasetKind::promises,
                   {"promise_id", "customer_id", "outcome", "kind", "starts_on", "due_on", "target"},
                   {},
                   {}};
    Rows readings_{DatasetKind::readings, {"promise_id", "at", "value", "row_id"}, {}, {}};
    Rows milestones_{
        DatasetKind::milestones, {"promise_id", "milestone_id", "due_on", "delivered_on", "quality"}, {}, {}};
    Rows people_{DatasetKind::people, {"person_id", "name", "email"}, {}, {}};
};

}  // namespace retaind::testing
