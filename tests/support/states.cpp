#include "support/states.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <random>

#include <fmt/format.h>

namespace retaind::test {

namespace {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    int below(int end) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(end)); }
    bool coin() { return below(2) == 0; }

    double number() {
        static const std::array<double, 8> odd = {missing,
                                                  -0.0,
                                                  0.0,
                                                  5e-324,
                                                  -1.0 / 3.0,
                                                  100.0,
                                                  std::numeric_limits<double>::infinity(),
                                                  std::numeric_limits<double>::max()};
        if (below(4) == 0) return odd[static_cast<std::size_t>(below(8))];
        return std::uniform_real_distribution<double>{-1e3, 1e3}(engine_);
    }

    std::optional<Day> day(Day near) {
        if (below(3) == 0) return std::nullopt;
        return near - std::chrono::days{below(400)};
    }

    /// Of any time that a clock may show.
    Instant instant() {
        if (below(4) == 0) return Instant{Seconds{below(2) == 0 ? 0 : 253'402'300'799}};
        return Instant{Seconds{1'700'000'000 + below(1'000'000)}};
    }

    std::string text() {
        static const std::array<const char*, 8> texts = {"",
                                                         "plain",
                                                         "O'Neil \"and\" Sons",
                                                         ":day :x",
                                                         "line\r\nbreak\ttab",
                                                         "Žofie 株式会社 🏟",
                                                         "a; DROP TABLE alert; --",
                                                         "%s \\ {} {{x}}"};
        return texts[static_cast<std::size_t>(below(8))];
    }

    template <class Enum>
    Enum one_of(int count) {
        return static_cast<Enum>(below(count));
    }

private:
    std::mt19937_64 engine_;
};

std::vector<CustomerMemory> make_customers(Dice& dice, const StateRecipe& recipe) {
    std::vector<CustomerMemory> customers;
    for (int i = 0; i < recipe.customers; ++i) {
        CustomerMemory memory{.customer_id = fmt::format("c{:06}", i), .account_manager = dice.text()};
        memory.owner_since = dice.day(recipe.last);
        if (dice.coin()) memory.drift_ends = {{.day = recipe.last, .signal = dice.text()}};
        for (int back = recipe.days - 1; back >= 0; --back) {
            memory.days.push_back({.day = recipe.last - std::chrono::days{back},
                                   .band = dice.one_of<Band>(4),
                                   .health = dice.number(),
                                   .smoothed = dice.number(),
                                   .coverage = dice.number(),
                                   .risk = dice.number()});
        }
        customers.push_back(memory);
    }
    return customers;
}

std::vector<PromiseMemory> make_promises(Dice& dice, const StateRecipe& recipe) {
    std::vector<PromiseMemory> promises;
    for (int i = 0; i < recipe.promises; ++i) {
        PromiseMemory memory{.promise_id = fmt::format("p:{}'", i), .kept_on = dice.day(recipe.last)};
        for (int back = std::min(recipe.days, 3) - 1; back >= 0; --back) {
            memory.days.push_back({.day = recipe.last - std::chrono::days{back},
                                   .state = dice.one_of<PromiseState>(7),
                                   .verdict = dice.one_of<PromiseState>(7),
                                   .probability = dice.number()});
        }
        promises.push_back(memory);
    }
    return promises;
}

Alert make_alert(Dice& dice, const StateRecipe& recipe, int number) {
    Alert alert;
    alert.key = {.rule = fmt::format("rule_{}", number / 3),
                 .scope = static_cast<Scope>(1 + dice.below(5)),
                 .entity = fmt::format("e{}", number),
                 .dimension = dice.text()};
    alert.customer_id = dice.text();
    alert.phase = dice.one_of<AlertPhase>(5);
    alert.severity = dice.one_of<Severity>(3);
    alert.held = dice.coin();
    alert.adopted = dice.coin();
    alert.episode = dice.below(100);
    alert.seq = 5'000'000'000 + dice.below(100);
    for (auto* day : {&alert.pending_since, &alert.firing_since, &alert.recovering_since, &alert.ended_on,
                      &alert.critical_since, &alert.deadline, &alert.absent_on}) {
        *day = dice.day(recipe.last);
    }
    if (dice.coin()) alert.opened_at = Instant{Seconds{1'700'000'000 + dice.below(1'000'000)}};
    for (int i = dice.below(4); i > 0; --i) alert.reasons.push_back(dice.text());
    for (int i = dice.below(4); i > 0; --i) {
        alert.told.push_back({.receiver = fmt::format("r{}", i),
                              .recipient = dice.text(),
                              .episode = dice.below(9),
                              .severity = dice.one_of<Severity>(3),
                              .phase = dice.one_of<AlertPhase>(5),
                              .at = dice.instant(),
                              .flapping = dice.coin(),
                              .leaves = dice.coin(),
                              .was_owner = dice.coin()});
    }
    alert.message = dice.text();
    alert.advice = dice.text();
    alert.revenue = dice.number();
    alert.closed_because = dice.text();
    alert.absent_cycles = dice.below(3);
    alert.flips = dice.coin() ? std::numeric_limits<std::uint32_t>::max() : static_cast<std::uint32_t>(dice.below(9));
    alert.judged_on = dice.day(recipe.last);
    alert.flapping = dice.coin();
    alert.steps_taken = dice.coin() ? std::numeric_limits<int>::max() : dice.below(4);
    alert.owner = dice.text();
    if (dice.coin()) alert.handed_over_at = dice.instant();
    alert.risk = dice.number();
    alert.risk_is_base_rate = dice.coin();
    return alert;
}

std::string bits(double number) {
    if (is_missing(number)) return "missing";
    return fmt::format("{}#{:016x}", number, std::bit_cast<std::uint64_t>(number));
}

std::string day_text(std::optional<Day> day) { return day ? format_day(*day) : "none"; }

}  // namespace

State make_state(const StateRecipe& recipe) {
    Dice dice{recipe.seed};
    State state{.as_of = recipe.last, .rules_hash = fmt::format("{:016x}", recipe.seed)};
    state.customers = make_customers(dice, recipe);
    state.promises = make_promises(dice, recipe);
    for (int back = recipe.days - 1; back >= 0; --back) {
        const auto day = recipe.last - std::chrono::days{back};
        for (const char* segment : {"", "retail", "sport: \"A\""}) {
            state.priors.push_back({.day = day,
                                    .segment = segment,
                                    .rules_hash = state.rules_hash,
                                    .mean = dice.number(),
                                    .customers = dice.below(1000)});
        }
        for (const char* dataset : {"attendance", "usage"}) {
            state.feeds.push_back({.day = day,
                                   .dataset = dataset,
                                   .loaded = dice.coin(),
                                   .rows = 6'000'000'000 + static_cast<std::uint64_t>(dice.below(1000)),
                                   .watermark = dice.day(day),
                                   .suspect = dice.coin()});
        }
    }
    state.rules = {{.rule = "drifting", .hash = "h1"}, {.rule = "stopped_coming", .hash = dice.coin() ? "h2" : "h3"}};
    state.forgotten = {.episode = dice.below(100), .seq = 5'000'000'000 + dice.below(100)};
    for (int i = 0; i < recipe.alerts; ++i) state.alerts.push_back(make_alert(dice, recipe, i));
    for (int i = 0; i < recipe.alerts / 2; ++i) {
        Mailing mailing{
            .receiver = fmt::format("r{}", i), .recipient = dice.text(), .digest_on = dice.day(recipe.last)};
        if (dice.coin()) mailing.told_at = dice.instant();
        state.mailings.push_back(mailing);
        state.interruptions.push_back({.recipient = dice.text(), .at = dice.instant(), .stories = dice.below(100)});
    }
    std::ranges::sort(state.alerts, {}, &Alert::key);
    return state;
}

std::string to_text(const Alert& alert) {
    auto text = fmt::format("alert {}/{}/{}/{} of {} phase {} severity {} held {} adopted {} episode {} seq {}",
                            alert.key.rule, static_cast<int>(alert.key.scope), alert.key.entity, alert.key.dimension,
                            alert.customer_id, static_cast<int>(alert.phase), static_cast<int>(alert.severity),
                            alert.held, alert.adopted, alert.episode, alert.seq);
    text +=
        fmt::format(" days {} {} {} {} {} {} opened {} revenue {} absent {} on {} message {} advice {} because {}",
                    day_text(alert.pending_since), day_text(alert.firing_since), day_text(alert.recovering_since),
                    day_text(alert.ended_on), day_text(alert.critical_since), day_text(alert.deadline),
                    alert.opened_at ? format_instant(*alert.opened_at) : "never", bits(alert.revenue),
                    alert.absent_cycles, day_text(alert.absent_on), alert.message, alert.advice, alert.closed_because);
    for (const auto& reason : alert.reasons) text += " reason " + reason;
    for (const auto& told : alert.told) {
        text += fmt::format(" told {}/{} {} {} {} at {} flapping {} leaves {} was owner {}", told.receiver,
                            told.recipient, told.episode, static_cast<int>(told.severity), static_cast<int>(told.phase),
                            format_instant(told.at), told.flapping, told.leaves, told.was_owner);
    }
    text += fmt::format(" flips {} judged {} flapping {} steps {} owner {} since {} risk {} base rate {}", alert.flips,
                        day_text(alert.judged_on), alert.flapping, alert.steps_taken, alert.owner,
                        alert.handed_over_at ? format_instant(*alert.handed_over_at) : "ever", bits(alert.risk),
                        alert.risk_is_base_rate);
    return text + "\n";
}

std::string to_text(const State& state) {
    auto text = fmt::format("as of {} rules {} forgotten {} {}\n", day_text(state.as_of), state.rules_hash,
                            state.forgotten.episode, state.forgotten.seq);
    for (const auto& customer : state.customers) {
        text += fmt::format("customer {} manager {} since {}\n", customer.customer_id, customer.account_manager,
                            day_text(customer.owner_since));
        for (const auto& end : customer.drift_ends)
            text += fmt::format("  end {} {}\n", format_day(end.day), end.signal);
        for (const auto& day : customer.days) {
            text += fmt::format("  {} {} {} {} {} {}\n", format_day(day.day), static_cast<int>(day.band),
                                bits(day.health), bits(day.smoothed), bits(day.coverage), bits(day.risk));
        }
    }
    for (const auto& promise : state.promises) {
        text += fmt::format("promise {} kept {}\n", promise.promise_id, day_text(promise.kept_on));
        for (const auto& day : promise.days) {
            text += fmt::format("  {} {} {} {}\n", format_day(day.day), static_cast<int>(day.state),
                                static_cast<int>(day.verdict), bits(day.probability));
        }
    }
    for (const auto& prior : state.priors) {
        text += fmt::format("prior {} {} {} {} {}\n", format_day(prior.day), prior.segment, prior.rules_hash,
                            bits(prior.mean), prior.customers);
    }
    for (const auto& feed : state.feeds) {
        text += fmt::format("feed {} {} {} {} {} {}\n", format_day(feed.day), feed.dataset, feed.loaded, feed.rows,
                            day_text(feed.watermark), feed.suspect);
    }
    for (const auto& rule : state.rules) text += fmt::format("rule {} {}\n", rule.rule, rule.hash);
    for (const auto& alert : state.alerts) text += to_text(alert);
    for (const auto& mailing : state.mailings) {
        text += fmt::format("mailing {}/{} digest {} told {}\n", mailing.receiver, mailing.recipient,
                            day_text(mailing.digest_on), mailing.told_at ? format_instant(*mailing.told_at) : "never");
    }
    for (const auto& one : state.interruptions) {
        text += fmt::format("interruption {} {} {}\n", one.recipient, format_instant(one.at), one.stories);
    }
    return text;
}

}  // namespace retaind::test
