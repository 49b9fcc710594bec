// Real customers, real promises, real departures: the Open University example through the same Source and the same
// cycle that run live. The sample always; the whole of 2013 where RETAIND_OULAD_2013 (or ../shared/data/oulad_2013) has
// it.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "app/company.hpp"
#include "retaind/cycle/cycle.hpp"
#include "retaind/scores/evaluation.hpp"

namespace retaind {
namespace {

namespace fs = std::filesystem;

Day day(const char* text) { return *parse_day(text); }

fs::path root() { return std::getenv("RETAIND_ROOT") ? std::getenv("RETAIND_ROOT") : "."; }

fs::path whole_data() {
    const char* given = std::getenv("RETAIND_OULAD_2013");
    return given ? fs::path(given) : root() / "../shared/data/oulad_2013";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// The example as a user sets it up: load.sh, then its own retaind.toml with the paths of this place.
class University {
public:
    explicit University(const fs::path& data)
        : folder_(fs::temp_directory_path() / ("retaind-oulad-" + std::to_string(getpid()))) {
        fs::create_directories(folder_);
        const std::string load = "'" + (root() / "etc/examples/oulad/load.sh").string() + "' '" + data.string() +
                                 "' '" + (folder_ / "oulad.db").string() + "'";
        EXPECT_EQ(std::system(load.c_str()), 0);
        std::ifstream in(root() / "etc/examples/oulad/retaind.toml");
        std::stringstream text;
        text << in.rdbuf();
        std::string configuration = replaced(text.str(), "db=oulad.db", "db=" + (folder_ / "oulad.db").string());
        configuration = replaced(configuration, "../../../rules/education.toml",
                                 fs::absolute(root() / "rules/education.toml").string());
        std::ofstream(folder_ / "retaind.toml") << configuration;
        LoadResult loaded = load_config((folder_ / "retaind.toml").string());
        EXPECT_TRUE(loaded.problems.empty()) << format_problems(loaded.problems);
        Result<std::unique_ptr<Company>> company = Company::open(std::move(*loaded.loaded));
        EXPECT_TRUE(company.ok()) << company.error().message;
        company_ = std::move(*company);
    }
    ~University() { fs::remove_all(folder_); }

    Company& company() { return *company_; }

private:
    fs::path folder_;
    std::unique_ptr<Company> company_;
};

/// When each customer cancelled, by the data itself.
std::map<std::string, Day> departures(const Snapshot& snapshot) {
    std::map<std::string, Day> left;
    for (const Subscription& subscription : snapshot.subscriptions) {
        if (snapshot.text(subscription.status) == "cancelled" && subscription.ended_on) {
            left[std::string(snapshot.text(snapshot.customers[subscription.customer].id))] = *subscription.ended_on;
        }
    }
    return left;
}

struct Walk {
    Day from, to;
    std::chrono::days horizon;
};

/// Weekly dates, pooled: score = 100 - health, happened = quit within the horizon. The state goes along, as it does
/// live.
std::vector<DatedPrediction> predictions(Company& company, const Walk& walk,
                                         std::vector<std::pair<double, bool>>* healths = nullptr) {
    Snapshot snapshot = company.read(walk.from, walk.to + walk.horizon);
    const std::map<std::string, Day> left = departures(snapshot);
    std::vector<DatedPrediction> result;
    State state;
    for (Day day = walk.from; day <= walk.to; day += std::chrono::days{7}) {
        snapshot.as_of = day;
        CycleResult cycle = run_cycle(snapshot, company.rules(), state, Instant{});
        for (const CustomerView& customer : cycle.view.customers) {
            const auto found = left.find(customer.customer_id);
            const bool quits = found != left.end() && found->second > day && found->second <= day + walk.horizon;
            result.push_back({.day = day, .prediction = {.score = 100 - customer.health, .happened = quits}});
            if (healths) healths->emplace_back(customer.health, quits);
        }
        state = std::move(cycle.state);
    }
    return result;
}

std::vector<Prediction> pooled(const std::vector<DatedPrediction>& dated) {
    std::vector<Prediction> result;
    for (const DatedPrediction& each : dated) result.push_back(each.prediction);
    return result;
}

void expect_terms_add_up(const Snapshot& snapshot, const RuleSet& rules) {
    const State nothing;
    const Explainer explainer(snapshot, rules, nothing);
    std::size_t checked = 0;
    for (const std::string& customer : explainer.customers()) {
        const Result<Explanation> explanation = explainer.explain(customer);
        ASSERT_TRUE(explanation.ok());
        const Health& health = explanation->health;
        double sum = health.prior + health.weakest_part + health.caps;
        for (const Term& term : health.terms) sum += term.contribution;
        EXPECT_NEAR(sum, health.health, 1e-9) << customer;
        ++checked;
    }
    std::printf("terms add up to the health of %zu customers as of %s\n", checked, format_day(snapshot.as_of).c_str());
    EXPECT_GT(checked, 100u);
}

TEST(OuladSample, HealthEqualsTheSlowReference) {
    University university(root() / "tests/data/oulad_sample");
    std::ifstream file(root() / "tests/data/oulad_sample/expected_health.csv");
    std::map<Day, std::map<std::string, std::pair<double, double>>> expected;
    std::string line;
    for (std::getline(file, line); std::getline(file, line);) {
        std::istringstream cells(line);
        std::string customer, as_of, health, coverage;
        std::getline(cells, customer, ',');
        std::getline(cells, as_of, ',');
        std::getline(cells, health, ',');
        std::getline(cells, coverage, ',');
        expected[day(as_of.c_str())][customer] = {std::stod(health), std::stod(coverage)};
    }
    ASSERT_GE(expected.size(), 3u);
    for (const auto& [as_of, customers] : expected) {
        const Snapshot snapshot = university.company().read(as_of);
        const View view = run_cycle(snapshot, university.company().rules(), {}, Instant{}).view;
        EXPECT_EQ(view.customers.size(), customers.size()) << format_day(as_of);
        for (const CustomerView& customer : view.customers) {
            const auto found = customers.find(customer.customer_id);
            ASSERT_NE(found, customers.end()) << customer.customer_id;
            EXPECT_NEAR(customer.health, found->second.first, 1e-9)
                << customer.customer_id << " as of " << format_day(as_of);
            EXPECT_NEAR(customer.coverage, found->second.second, 1e-9) << customer.customer_id;
        }
    }
}

TEST(OuladSample, RejectsTheDeliveriesOfUnknownAssessmentsAndCountsThem) {
    University university(root() / "tests/data/oulad_sample");
    const Snapshot snapshot = university.company().read(day("2013-06-01"));
    std::uint64_t rejected = 0;
    for (const auto& [reason, rejection] : snapshot.feed("milestones")->rejected) rejected += rejection.rows;
    EXPECT_EQ(rejected, 51u);
}

TEST(OuladSample, LowHealthQuitsMoreOften) {
    University university(root() / "tests/data/oulad_sample");
    std::vector<std::pair<double, bool>> healths;
    predictions(university.company(),
                {.from = day("2013-02-24"), .to = day("2013-07-28"), .horizon = std::chrono::days{56}}, &healths);
    double low = 0, low_quits = 0, high = 0, high_quits = 0;
    for (const auto& [health, quits] : healths) {
        (health < 70 ? low : high) += 1;
        if (quits) (health < 70 ? low_quits : high_quits) += 1;
    }
    std::printf("health < 70: %.1f %% of %.0f customer-dates quit within 56 days; others %.1f %% of %.0f\n",
                100 * low_quits / low, low, 100 * high_quits / high, high);
    EXPECT_GT(low_quits / low, 2 * high_quits / high);
}

TEST(OuladSample, TermsAddUpToTheHealth) {
    University university(root() / "tests/data/oulad_sample");
    expect_terms_add_up(university.company().read(day("2013-06-01")), university.company().rules());
}

class Oulad2013 : public ::testing::Test {
protected:
    void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        GTEST_SKIP() << "the whole of OULAD 2013 is read without sanitizers";
#endif
        if (!fs::exists(whole_data() / "accounts.csv"))
            GTEST_SKIP() << "the whole of OULAD 2013 is not here (RETAIND_OULAD_2013)";
    }
};

TEST_F(Oulad2013, TermsAddUpToTheHealthOfEveryCustomer) {
    University university(whole_data());
    for (const char* as_of : {"2013-06-01", "2014-02-01"}) {
        expect_terms_add_up(university.company().read(day(as_of)), university.company().rules());
    }
}

TEST_F(Oulad2013, TheShippedPackRanksQuittersUnfitted) {
    University university(whole_data());
    const std::vector<DatedPrediction> dated = predictions(
        university.company(), {.from = day("2013-02-03"), .to = day("2014-05-25"), .horizon = std::chrono::days{28}});
    const double within = auc_within_date(dated), all = auc(pooled(dated));
    std::printf("OULAD 2013, %zu customer-dates, quits within 28 days: AUC within date %.4f, AUC %.4f\n", dated.size(),
                within, all);
    EXPECT_GE(within, 0.71);
    EXPECT_GE(all, 0.71);
}

}  // namespace
}  // namespace retaind
