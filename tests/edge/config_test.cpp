// retaind.toml and rule packs: everything wrong at once, at its place; everything right with its defaults.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/config/config.hpp"
#include "edge/config/match.hpp"
#include "retaind/alerts/handling.hpp"
#include "retaind/model/contract.hpp"

namespace retaind {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

fs::path source_root() {
    const char* root = std::getenv("RETAIND_ROOT");
    return root ? root : ".";
}

std::string text_of(const fs::path& path) {
    std::ifstream stream{path, std::ios::binary};
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

/// A folder of its own for each test, with the files that it writes.
class Folder {
public:
    Folder() {
        static int count = 0;
        const auto name =
            fmt::format("retaind-config-{}-{}", std::chrono::steady_clock::now().time_since_epoch().count(), ++count);
        path_ = fs::temp_directory_path() / name;
        fs::create_directories(path_);
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string write(const std::string& name, const std::string& text) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream{path_ / name, std::ios::binary} << text;
        return (path_ / name).string();
    }
    std::string path(const std::string& name = "") const { return (path_ / name).string(); }

    /// A message without the folder's own name.
    std::string relative(std::string text) const {
        const auto prefix = path_.string() + "/";
        for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
            text.erase(at, prefix.size());
        return text;
    }

private:
    fs::path path_;
};

/// The smallest pack that is right; tests add to it.
const std::string small_pack = R"(schema = 1
name = "small"

[group.use]
weight = 40

# the one signal
[signal.logins]
group = "use"
from = "usage"
measure = "sum"
scale = { ramp = { bad = 0, good = 100 } }
)";

const std::string small_config = R"([daemon]
rules = ["rules.toml"]

[source.crm]
backend = "sqlite3"
connection = "db=crm.db"
[dataset.customers]
source = "crm"
query = "SELECT id AS customer_id, name, region FROM account"

[dataset.subscriptions]
source = "crm"
query = "SELECT id AS subscription_id, account AS customer_id, status, started_on, mrr FROM contract"

[dataset.usage]
source = "crm"
query = "SELECT account AS customer_id, day AS at, logins AS value FROM logins WHERE day >= :from AND day < :to"
)";

/// A company that maps most of what there is.
std::vector<DatasetSettings> usual_datasets() {
    std::vector<DatasetSettings> datasets;
    for (const auto kind :
         {DatasetKind::customers, DatasetKind::subscriptions, DatasetKind::usage, DatasetKind::attendance,
          DatasetKind::touchpoints, DatasetKind::promises, DatasetKind::people}) {
        DatasetSettings dataset{};
        dataset.name = dataset_spec(kind).name;
        dataset.kind = kind;
        dataset.query = "SELECT id AS customer_id, region FROM account";
        datasets.push_back(dataset);
    }
    return datasets;
}

PackResult load_pack(const std::string& text) {
    const Folder folder;
    const PackOptions options{.datasets = usual_datasets()};
    auto result = load_rules({folder.write("pack.toml", text)}, options);
    for (auto* problems : {&result.problems, &result.warnings})
        for (auto& problem : *problems)
            problem = Error{problem.kind,
                            folder.relative(problem.message),
                            problem.hint,
                            {folder.relative(problem.where.file), problem.where.line, problem.where.column}};
    return result;
}

std::vector<std::string> lines_of(const std::vector<Error>& problems) {
    std::vector<std::string> lines;
    for (const auto& problem : problems) lines.push_back(to_string(problem));
    return lines;
}

std::string joined(const std::vector<Error>& problems) {
    std::string text;
    for (const auto& line : lines_of(problems)) text += line + "\n";
    return text;
}

RuleSet rules_of(const std::string& text) {
    auto result = load_pack(text);
    EXPECT_TRUE(result.rules.has_value()) << joined(result.problems);
    return result.rules.value_or(RuleSet{});
}

// -- all errors at once -----------------------------------------------------------------------------------------------

TEST(Config, FiveMistakesGiveFiveErrorsAtTheirPlacesInOneRun) {
    const Folder folder;
    folder.write("rules.toml", small_pack + R"([signal.visits]
group = "use"
wieght = 2
from = "usage"
measure = "count"
scale = { points = [[0, 0], [5, 60], [5, 100]] }

[rule.health_low]
when = ["helth < 40", "days_to_renewal <= 90"]
clear = ["health >= 45"]
severity = "warnin"
message = "{name} is at {health}."

[rule.quiet]
when = ["logins < 3"]
clear = ["logins >= 3"]
severity = "warning"
message = "{name} logged in {logins} times."
)");
    const auto result = load_config(folder.write("retaind.toml", small_config));
    EXPECT_FALSE(result.loaded.has_value());
    EXPECT_EQ(folder.relative(format_problems(result.problems, result.sources)),
              R"(rules.toml:15:1: unknown key "wieght"
    wieght = 2
    ^
    hint: did you mean "weight"?
rules.toml:18:38: "points" must rise: 5 comes after 5
    scale = { points = [[0, 0], [5, 60], [5, 100]] }
                                         ^
rules.toml:21:10: a customer has no field "helth"
    when = ["helth < 40", "days_to_renewal <= 90"]
             ^
    hint: did you mean "health"?
rules.toml:23:12: "severity" cannot be "warnin"
    severity = "warnin"
               ^
    hint: did you mean "warning"?
rules.toml:28:9: "clear" leaves no gap to "when"
    clear = ["logins >= 3"]
            ^
    hint: noise would open and close it: move the edge away, as in health < 40 and health >= 45
)");
    for (const auto& problem : result.problems) EXPECT_EQ(exit_code(problem.kind), 3);
}

TEST(Config, FindsMistakesOfTheConfigurationAndOfItsPacksTogether) {
    const Folder folder;
    folder.write("rules.toml", small_pack + "[promises]\non_track = 2\n");
    const auto result = load_config(folder.write(
        "retaind.toml", small_config + "[metrics]\nlisten = 9848\n[dataset.usge]\nsource = \"crmm\"\nquery = \"x\"\n"));
    EXPECT_THAT(folder.relative(joined(result.problems)),
                "retaind.toml:19:10: \"listen\" must be a text, and this is a whole number\n"
                "retaind.toml:20:1: there is no dataset \"usge\" (did you mean [dataset.usage]?)\n"
                "retaind.toml:21:10: there is no source \"crmm\" (did you mean \"crm\"?)\n"
                "rules.toml:14:12: \"on_track\" must be a number from 0 to 1\n");
}

// -- one mistake each -------------------------------------------------------------------------------------------------

TEST(Pack, SaysWhatIsWrongWhere) {
    struct Case {
        std::string sentence, text, problem;
    };
    const std::vector<Case> cases = {
        {"a signal needs a group that exists",
         "[signal.x]\ngroup = \"usee\"\nfrom = \"usage\"\nmeasure = \"count\"\nweight = 0\n",
         "pack.toml:14:9: there is no group \"usee\" (did you mean \"use\"?)"},
        {"a group needs signals", "[group.empty]\n",
         "pack.toml:13:1: the group \"empty\" has no signals (remove it, or give it a signal)"},
        {"a weighted signal needs a scale", "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"count\"\n",
         "pack.toml:13:1: \"scale\" is missing (a signal without one can only be watched: weight = 0)"},
        {"a required key", "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\n",
         "pack.toml:13:1: \"measure\" is missing ([signal.*] needs it)"},
        {"a field is no signal's name",
         "[signal.health]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"count\"\nweight = 0\n",
         "pack.toml:13:9: \"health\" is a field already (signals and fields share their names: choose another)"},
        {"a name in capitals", "[signal.Logins]\n",
         "pack.toml:13:9: a name has small letters, digits and underscores, and begins with a letter"},
        {"good is bad",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"count\"\nscale = { ramp = { bad = 1, good = 1 } "
         "}\n",
         "pack.toml:17:18: good and bad are the same (a ramp needs a way to go)"},
        {"two scales",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"count\"\nscale = { identity = true, points = [[0, "
         "0], [1, 1]] }\n",
         "pack.toml:17:9: a scale is exactly one of ramp, points, steps, recency, cohort, category, identity"},
        {"identity on a share",
         "[signal.x]\ngroup = \"use\"\nfrom = \"attendance\"\nmeasure = \"rate\"\nscale = { identity = true }\n",
         "pack.toml:17:9: rate lies between 0 and 1, so identity would leave every score under 1 (write { ramp = { bad "
         "= 0, good = 1 } })"},
        {"a cohort of means",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"mean\"\nscale = { cohort = {} }\n",
         "pack.toml:17:9: cohort scales count, sum and active_days, not mean"},
        {"recency of a sum",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"sum\"\nscale = { recency = {} }\n",
         "pack.toml:17:9: recency scales days_since, not sum"},
        {"a category of a number",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"sum\"\nscale = { category = { good = 1 } }\n",
         "pack.toml:17:9: category scales texts, and this is a number"},
        {"a rate of usage", "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"rate\"\nweight = 0\n",
         "pack.toml:15:8: the measure rate reads attendance (from = \"attendance\")"},
        {"a dataset without dated rows",
         "[signal.x]\ngroup = \"use\"\nfrom = \"people\"\nmeasure = \"count\"\nweight = 0\n",
         "pack.toml:15:8: \"people\" has no dated rows of customers, which the measure count reads (usage, attendance, "
         "touchpoints, or events of your own)"},
        {"a column that rows do not have",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"count\"\nweight = 0\nwhere = [\"metrc == 'a'\"]\n",
         "pack.toml:18:11: a row of this dataset has no field \"metrc\" (did you mean \"metric\"?)"},
        {"share without of", "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"share\"\nweight = 0\n",
         "pack.toml:13:1: \"of\" is missing (the measure share needs it)"},
        {"a baseline of a sum",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"sum\"\nweight = 0\nbaseline = \"9d\"\n",
         "pack.toml:18:12: \"baseline\" belongs to the measure ratio, and this signal measures sum"},
        {"signals that wait for scores",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"sum\"\nweight = 0\napplies = [\"health < 3\"]\n",
         "pack.toml:18:11: \"applies\" cannot depend on \"health\" (signals come first: use what is known of the "
         "customer without them)"},
        {"per a text", "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"sum\"\nweight = 0\nper = \"name\"\n",
         "pack.toml:18:7: \"name\" is not a number"},
        {"a bad missing",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"sum\"\nweight = 0\nmissing = \"best\"\n",
         "pack.toml:18:11: \"missing\" must be \"prior\", \"worst\" or a number from 0 to 100"},
        {"true is no number", "[health]\nprior = true\n",
         "pack.toml:14:9: \"prior\" must be a number from 0 to 100, and this is true or false"},
        {"a number is no duration", "[health]\nsmoothing = 7\n",
         "pack.toml:14:13: \"smoothing\" must be a duration, and this is a whole number (durations look like \"36h\", "
         "\"14d\" or \"8w\")"},
        {"bands upside down", "[health]\nbands = { healthy = 40, watch = 70 }\n",
         "pack.toml:14:9: \"healthy\" must be above \"watch\""},
        {"a cap of health", "[cap.x]\nat = 40\nwhen = [\"smoothed < 3\"]\n",
         "pack.toml:15:10: a cap cannot depend on \"smoothed\" (caps change health; use signals, or what is known of "
         "the customer)"},
        {"a curve that falls", "[curve.x]\npoints = [[0, 0], [0.5, 0.6], [0.7, 0.4], [1, 1]]\n",
         "pack.toml:14:10: a curve never falls"},
        {"a curve that stops early", "[curve.x]\npoints = [[0, 0], [0.5, 0.6]]\n",
         "pack.toml:14:10: a curve goes from [0, 0] to [1, 1]"},
        {"a rate of percent", "[risk]\nbase_rate = 3\n",
         "pack.toml:14:13: \"base_rate\" must be less than 1 (write 0.03 for 3 %)"},
        {"a model without terms", "[risk]\nintercept = -3\n",
         "pack.toml:13:1: [[risk.term]] is missing (a fitted model needs terms)"},
        {"a sign against its coefficient",
         "[risk]\nintercept = -3\n[[risk.term]]\nfeature = \"logins\"\nbeta = 0.4\nsign = \"-\"\n",
         "pack.toml:17:8: \"beta\" contradicts sign = \"-\""},
        {"a profile of nobody", "[[profile]]\nname = \"x\"\nmatch = [\"tenure_days < 30\", \"tenure_days > 60\"]\n",
         "pack.toml:15:9: no customer can ever match this profile"},
        {"a profile that creates",
         "[[profile]]\nname = \"x\"\nmatch = [\"tenure_days < 30\"]\n[profile.signal.login]\nweight = 0\n",
         "pack.toml:16:17: there is no signal \"login\" (did you mean \"logins\"?)"},
        {"a profile by its own result", "[[profile]]\nname = \"x\"\nmatch = [\"logins < 30\"]\n",
         "pack.toml:15:11: \"match\" cannot depend on \"logins\" (profiles come before signals: use what is known of "
         "the customer)"},
        {"an unknown key of an override",
         "[[profile]]\nname = \"x\"\nmatch = [\"tenure_days < 30\"]\n[profile.signal.logins]\nweigth = 0\n",
         "pack.toml:17:1: unknown key \"weigth\" (did you mean \"weight\"?)"},
        {"two profiles of one name",
         "[[profile]]\nname = \"x\"\nmatch = [\"tenure_days < 30\"]\n[[profile]]\nname = \"x\"\nmatch = [\"tenure_days "
         "> 30\"]\n",
         "pack.toml:16:1: there are two profiles \"x\" (the first is in line 13)"},
        {"numbers need clear", "[rule.x]\nwhen = [\"health < 40\"]\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:14:10: \"clear\" is missing: health < 40 compares numbers (numbers flicker: say when it is over, "
         "with a gap, as in clear = [\"health >= 45\"])"},
        {"clear inside when",
         "[rule.x]\nwhen = [\"health < 40\"]\nclear = [\"health > 30\"]\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:15:9: \"clear\" can hold together with \"when\" (one of its conditions must contradict one of "
         "\"when\")"},
        {"clear must answer every any",
         "[rule.x]\nany = [\"health < 40\", \"risk > 0.3\"]\nclear = [\"health > 45\"]\nseverity = \"info\"\nmessage = "
         "\"m\"\n",
         "pack.toml:15:9: \"clear\" can hold together with \"when\" (one of its conditions must contradict one of "
         "\"when\")"},
        {"clear that leaves a critical one open",
         "[rule.x]\nwhen = [\"health < 40\"]\nclear = [\"health > 45\"]\nseverity = \"warning\"\nmessage = "
         "\"m\"\n[rule.x.critical]\nwhen = [\"risk > 0.3\"]\nclear = [\"health > 60\"]\n",
         "pack.toml:20:9: \"clear\" can hold together with \"when\" (one of its conditions must contradict one of "
         "\"when\")"},
        {"clear inside when, by a profile",
         "[rule.x]\nwhen = [\"health < 40\"]\nclear = [\"health > 45\"]\nseverity = \"info\"\nmessage = "
         "\"m\"\n[[profile]]\nname = \"p\"\nmatch = [\"motion == 'a'\"]\nrule.x.when = [\"health < 60\"]\n",
         "pack.toml:15:9: \"clear\" can hold together with \"when\" (one of its conditions must contradict one of "
         "\"when\")"},
        {"clear inside when, by two profiles",
         "[rule.x]\nwhen = [\"health < 40\"]\nclear = [\"health > 65\"]\nseverity = \"info\"\nmessage = "
         "\"m\"\n[[profile]]\nname = \"p\"\nmatch = [\"motion == 'a'\"]\nrule.x.when = [\"health < 60\"]\n"
         "[[profile]]\nname = \"q\"\nmatch = [\"segment == 'b'\"]\nrule.x.clear = [\"health > 50\"]\n",
         "pack.toml:22:1: with \"p\" before it, \"clear\" of the rule \"x\" can hold together with \"when\" (customers "
         "may match both: let one of them write both keys, or let their matches exclude each other)"},
        {"clear of nothing",
         "[rule.x]\nwhen = [\"health < 40\"]\nclear = [\"health > 60\", \"health < 50\"]\nseverity = "
         "\"info\"\nmessage = \"m\"\n",
         "pack.toml:15:9: these conditions can never hold together (the alert would never recover)"},
        {"applies to nobody",
         "[rule.x]\napplies = [\"segment == 'a'\", \"segment == 'b'\"]\nwhen = [\"band == 'watch'\"]\nseverity = "
         "\"info\"\nmessage = \"m\"\n",
         "pack.toml:14:11: these conditions can never hold together (the rule would never open)"},
        {"applies against when",
         "[rule.x]\napplies = [\"tenure_days > 90\"]\nwhen = [\"tenure_days < 30\"]\nclear = [\"tenure_days > "
         "60\"]\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:14:11: \"applies\" contradicts \"when\" (the rule would never open)"},
        {"applies against critical",
         "[rule.x]\napplies = [\"segment == 'a'\"]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\nmessage = "
         "\"m\"\n[rule.x.critical]\nwhen = [\"segment == 'b'\"]\n",
         "pack.toml:14:11: \"applies\" contradicts \"critical\" (the rule would never rise)"},
        {"beyond what there is",
         "[rule.x]\nwhen = [\"band != 'watch'\", \"band != 'at_risk'\", \"band != 'healthy'\"]\nseverity = "
         "\"info\"\nmessage = \"m\"\n",
         "pack.toml:14:8: these conditions can never hold together"},
        {"a cap for nobody", "[cap.x]\nat = 40\nwhen = [\"tenure_days < 3\", \"tenure_days > 3\"]\n",
         "pack.toml:15:8: these conditions can never hold together"},
        {"a score above all", "[cap.x]\nat = 40\nwhen = [\"logins.score > 100.5\"]\n",
         "pack.toml:15:25: \"logins.score\" lies between 0 and 100"},
        {"a share in percent",
         "[signal.x]\ngroup = \"use\"\nfrom = \"attendance\"\nmeasure = \"rate\"\nweight = 0\n[cap.x]\nat = "
         "40\nwhen = [\"x < 40\"]\n",
         "pack.toml:20:14: \"x\" lies between 0 and 1 (write 0.4 for 40 %)"},
        {"a scale in percent",
         "[signal.x]\ngroup = \"use\"\nfrom = \"attendance\"\nmeasure = \"rate\"\nscale = { ramp = { bad = 0, good "
         "= 80 } }\n",
         "pack.toml:17:9: rate lies between 0 and 1 (write 0.8 for 80 %)"},
        {"days against points",
         "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"days_since\"\nweight = 0\n[rule.x]\nwhen = "
         "[\"x > health\"]\nclear = [\"x < 3\"]\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:19:14: \"x\" is in days, and \"health\" is in 0..100 (compare fields of one unit)"},
        {"money against days",
         "[rule.x]\nwhen = [\"mrr > tenure_days\"]\nclear = [\"mrr < 3\"]\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:14:16: \"mrr\" is in money, and \"tenure_days\" is in days (compare fields of one unit)"},
        {"a duration of a count",
         "[signal.x]\ngroup = \"use\"\nfrom = \"attendance\"\nmeasure = \"miss_streak\"\nweight = 0\n[cap.x]\nat = "
         "40\nwhen = [\"x > 14d\"]\n",
         "pack.toml:20:14: 14d is a duration, and \"x\" is not in days"},
        {"a profile of a rule for all",
         "[rule.x]\nscope = \"segment\"\nwhen = [\"hhi > 0.3\"]\nclear = [\"hhi < 0.2\"]\nseverity = "
         "\"info\"\nmessage = \"m\"\n[[profile]]\nname = \"p\"\nmatch = [\"motion == 'a'\"]\n[profile.rule.x]\n"
         "severity = \"warning\"\n",
         "pack.toml:22:1: \"x\" speaks of a segment, and profiles are of customers (change the rule itself)"},
        {"a profile that makes it another rule",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\nmessage = \"m\"\n[[profile]]\nname = "
         "\"p\"\nmatch = [\"motion == 'a'\"]\n[profile.rule.x]\nscope = \"customer\"\n",
         "pack.toml:21:9: a profile cannot change \"scope\" (it says which rule this is: for all customers)"},
        {"a profile with a floor of its own",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\nmessage = \"m\"\n[[profile]]\nname = "
         "\"p\"\nmatch = [\"motion == 'a'\"]\n[profile.rule.x]\nmin_precision = 0.5\n",
         "pack.toml:21:17: a profile cannot change \"min_precision\" (it says which rule this is: for all customers)"},
        {"when of nothing",
         "[rule.x]\nwhen = [\"health < 40\", \"health > 60\"]\nclear = [\"health == 50\"]\nseverity = "
         "\"info\"\nmessage = \"m\"\n",
         "pack.toml:14:8: these conditions can never hold together"},
        {"a rule without when", "[rule.x]\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:13:1: \"when\" is missing (without it nothing would open)"},
        {"a text in place of a list", "[rule.x]\nwhen = \"band == 'watch'\"\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:14:8: \"when\" must be a list, and this is a text (put it in square brackets)"},
        {"an unknown name in a message",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\nmessage = \"Dear {nme}\"\n",
         "pack.toml:16:18: a customer has no field \"nme\" (did you mean {name}?)"},
        {"a promise's field in a customer's rule",
         "[rule.x]\nwhen = [\"disputed == true\"]\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:14:10: a customer has no field \"disputed\""},
        {"a role that is none",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\nnotify = [\"acount_manager\"]\nseverity = \"info\"\nmessage = "
         "\"m\"\n",
         "pack.toml:15:11: there is no role or receiver \"acount_manager\" (did you mean \"account_manager\"?)"},
        {"a keeper of a customer",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\nnotify = [\"keeper\"]\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:15:11: a customer has no keeper (only promises have a keeper)"},
        {"a doer who is not told",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\nnotify = [\"lead\"]\ndoer = \"seller\"\nseverity = \"info\"\nmessage "
         "= \"m\"\n",
         "pack.toml:16:8: \"seller\" is not told by this rule (add the role to \"notify\")"},
        {"a due date of a customer",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\ndeadline = \"due\"\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:15:12: a customer has no due date (notice, renewal, or a duration)"},
        {"steps backwards",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\nmessage = \"m\"\n[[rule.x.step]]\nafter = "
         "\"3d\"\nnotify = [\"lead\"]\n[[rule.x.step]]\nafter = \"2d\"\nnotify = [\"ops\"]\n",
         "pack.toml:21:9: steps must come later and later"},
        {"critical twice",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\nseverity = \"critical\"\nmessage = \"m\"\n[rule.x.critical]\nwhen = "
         "[\"band == 'at_risk'\"]\n",
         "pack.toml:17:1: this rule is critical already (severity = \"warning\" rises by \"critical\")"},
        {"a rule of our own",
         "[rule.source_stale]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\nmessage = \"m\"\n",
         "pack.toml:13:7: \"source_stale\" is a rule of retaind's own (choose another name)"},
        {"a motion misspelt",
         "[rule.x]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\nmessage = \"m\"\nadvice = { defalt = \"a\" }\n",
         "pack.toml:17:12: unknown motion \"defalt\" (did you mean \"default\"?)"},
        {"nothing to remove", "[signal]\nother = \"remove\"\n",
         "pack.toml:14:9: [signal.*] must be a table, and this is a text (nothing is inherited under this name, so "
         "nothing can be removed)"},
        {"a table that is none", "[promise]\ngrace = \"3d\"\n",
         "pack.toml:13:2: unknown key \"promise\" (did you mean \"promises\"?)"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(joined(load_pack(small_pack + c.text).problems), c.problem + "\n") << c.sentence;
    }
}

TEST(Pack, OfAnotherSchemaIsRefused) {
    auto text = small_pack;
    text.replace(text.find("schema = 1"), 10, "schema = 2");
    EXPECT_EQ(joined(load_pack(text).problems), "pack.toml:1:10: this retaind reads schema 1\n");
}

TEST(Pack, WarnsOfANameThatOnlyAnOpenListOfColumnsLetsPass) {
    const Folder folder;
    const auto result = load_rules({folder.write(
        "pack.toml", small_pack + "[cap.x]\nat = 3\nwhen = [\"sgment == 'west'\", \"region == 'west'\"]\n")});
    ASSERT_TRUE(result.rules.has_value()) << joined(result.problems);
    EXPECT_EQ(folder.relative(joined(result.warnings)),
              "pack.toml:15:10: \"sgment\" is taken for a column of customers (did you mean \"segment\"?)\n");
}

TEST(Pack, NamesWhereInsideALongTextAConditionIsWrong) {
    const auto result = load_pack(small_pack + R"([cap.x]
at = 40
when = [
    "status == 'past_due'",
    """
  logins > 3 and""",
    "name == \"x\"",
    'segmnt == "x"',
]
)");
    EXPECT_THAT(lines_of(result.problems),
                ElementsAre("pack.toml:18:14: one condition cannot contain \"and\" (write each condition as a string "
                            "of its own: all of `when`, one of `any`)",
                            "pack.toml:19:14: texts stand in single quotes (as in segment == 'west')",
                            "pack.toml:20:6: a customer has no field \"segmnt\" (did you mean \"segment\"?)"));
}

TEST(Config, SaysWhatIsWrongWhere) {
    struct Case {
        std::string sentence, text, problem;
    };
    const std::vector<Case> cases = {
        {"an unknown table", "[metric]\n", "retaind.toml:18:2: unknown key \"metric\" (did you mean \"metrics\"?)"},
        {"a secret in the file",
         "[receiver.m]\ntype = \"email\"\nsmtp = \"smtp://localhost\"\nfrom = \"a@b\"\npassword = \"canary\"\n",
         "retaind.toml:22:1: unknown key \"password\" (secrets are read from a file: use \"password_file\")"},
        {"a key of another type", "[receiver.m]\ntype = \"file\"\nsmtp = \"smtp://localhost\"\n",
         "retaind.toml:20:1: unknown key \"smtp\" (known here: digest, fields, heartbeat, max_per_minute, path, "
         "timeout, type)"},
        {"a heartbeat for people", "[receiver.m]\ntype = \"slack\"\nurl = \"https://x.org/\"\nheartbeat = \"1h\"\n",
         "retaind.toml:21:13: a heartbeat goes to a webhook or a file (people would soon not see it; let a watcher's "
         "webhook alarm when it stops)"},
        {"a receiver called like a role", "[receiver.lead]\ntype = \"file\"\n",
         "retaind.toml:18:1: \"lead\" is a role; a receiver needs another name"},
        {"two addresses", "[receiver.m]\ntype = \"slack\"\nurl = \"https://a.b\"\nurl_file = \"rules.toml\"\n",
         "retaind.toml:18:1: exactly one of \"url\" and \"url_file\" is needed (an address that is a secret belongs "
         "into a file)"},
        {"a secret that is not there", "[receiver.m]\ntype = \"slack\"\nurl_file = \"x\"\n",
         "retaind.toml:20:12: \"url_file\": there is no file x (create it, readable for retaind only)"},
        {"no address", "[receiver.m]\ntype = \"webhook\"\n",
         "retaind.toml:18:1: exactly one of \"url\" and \"url_file\" is needed (an address that is a secret belongs "
         "into a file)"},
        {"a field that no message has", "[receiver.m]\ntype = \"file\"\nfields = [\"customer\"]\n",
         "retaind.toml:20:11: \"fields\" cannot be \"customer\" ("},
        {"a route to nobody", "[receiver.desk]\ntype = \"file\"\n[[route]]\nreceivers = [\"deks\"]\n",
         "retaind.toml:21:14: there is no receiver \"deks\" (did you mean \"desk\"?)"},
        {"a route of numbers", "[[route]]\nmatch = [\"revenue > 3\"]\nreceivers = [\"file\"]\n",
         "retaind.toml:19:11: an alert has no field \"revenue\""},
        {"a route of a severity that is none",
         "[[route]]\nmatch = [\"severity == 'critcal'\"]\nreceivers = [\"file\"]\n",
         "retaind.toml:19:11: there is no severity 'critcal' (did you mean 'critical'?)"},
        {"a route of a rule that is none", "[[route]]\nmatch = [\"rule == 'x'\"]\nreceivers = [\"file\"]\n",
         "retaind.toml:19:11: there is no rule 'x' (no alert would ever match)"},
        {"pages for everybody", "[http]\nlisten = \"0.0.0.0:9847\"\n",
         "retaind.toml:19:10: pages outside this machine need TLS and users (set tls_cert, tls_key_file and "
         "users_file, or behind_proxy = true when a proxy does both)"},
        {"a port that is none", "[metrics]\nlisten = \"localhost:99999\"\n",
         "retaind.toml:19:10: \"listen\" must be host:port (as in \"127.0.0.1:9847\")"},
        {"too many series", "[metrics]\ncustomers = \"top:20000\"\n",
         "retaind.toml:19:13: \"customers\" must be \"firing\", \"all\" or \"top:N\" (N is at most 10000)"},
        {"a currency without a rate", "[currency]\nbase = \"EUR\"\ndefault = \"USD\"\nrates = { EUR = 1 }\n",
         "retaind.toml:20:11: USD has no rate (add it to \"rates\")"},
        {"a base that is not one", "[currency]\nbase = \"EUR\"\nrates = { EUR = 1.1 }\n",
         "retaind.toml:20:9: the rate of the base EUR must be 1"},
        {"a lease that overlaps", "[lease]\nttl = \"10s\"\n",
         "retaind.toml:18:1: \"renew\" must be shorter than \"stop\", and \"stop\" shorter than \"ttl\" (a holder must "
         "stop before another may begin)"},
        {"a season backwards", "[[calendar.off_season]]\nfrom = 2026-08-01\nto = 2026-07-01\n",
         "retaind.toml:20:6: \"to\" lies before \"from\""},
        {"a kind that is ours", "[dataset.tickets]\nsource = \"crm\"\nquery = \"q\"\nkind = \"usage\"\n",
         "retaind.toml:21:8: \"kind\" must be \"events\" (it is for datasets with names of your own)"},
        {"an unknown database", "[source.x]\nbackend = \"oracle\"\nconnection = \"c\"\n",
         "retaind.toml:19:11: \"backend\" cannot be \"oracle\" (one of: sqlite3, postgresql, mysql, odbc)"},
        {"a shared state without a place", "[state]\nbackend = \"postgresql\"\n",
         "retaind.toml:18:1: \"connection\" is missing (as in \"host=db.example.org dbname=retaind "
         "sslmode=verify-full\")"},
        {"a night without length", "[alerts]\nquiet_hours = \"20:00-20:00\"\n",
         "retaind.toml:19:15: \"quiet_hours\" must end at another time than they begin (leave it out to have none)"},
        {"hours that are none", "[alerts]\nquiet_hours = \"20-7\"\n",
         "retaind.toml:19:15: \"quiet_hours\" must be hours of the day (as in \"20:00-07:00\")"},
        {"not TOML", "[alerts\n", "retaind.toml:18:8"},
    };
    const Folder folder;
    folder.write("rules.toml", small_pack);
    for (const auto& c : cases) {
        const auto result = load_config(folder.write("retaind.toml", small_config + c.text));
        EXPECT_FALSE(result.loaded.has_value()) << c.sentence;
        EXPECT_THAT(folder.relative(joined(result.problems)), HasSubstr(c.problem)) << c.sentence;
        EXPECT_THAT(result.problems, testing::SizeIs(1)) << c.sentence << "\n" << joined(result.problems);
    }
}

TEST(Config, MissingFilesAreNamed) {
    const Folder folder;
    const auto missing_config = load_config(folder.path("nowhere.toml"));
    EXPECT_EQ(folder.relative(joined(missing_config.problems)),
              "nowhere.toml: there is no file nowhere.toml (check the path)\n");
    const auto missing_pack = load_config(folder.write("retaind.toml", small_config));
    EXPECT_EQ(folder.relative(joined(missing_pack.problems)),
              "retaind.toml:2:10: there is no file rules.toml (check the path)\n");
}

TEST(Config, TakesADatasetThatNobodyMapsForMissingAndASlipForAnError) {
    const Folder folder;
    folder.write("rules.toml", small_pack + R"([signal.seen]
group = "use"
from = "attendance"
measure = "count"
weight = 0
[signal.helped]
group = "use"
from = "tikets"
measure = "count"
weight = 0
[signal.seen_lately]
group = "use"
from = "attendance"
measure = "count"
weight = 0
[rule.x]
when = ["seen == 0", "helped == 0", "regoin == 'west'"]
clear = ["seen > 1"]
severity = "info"
message = "m"
)");
    const auto result = load_config(folder.write(
        "retaind.toml", small_config + "[dataset.tickets]\nsource = \"crm\"\nkind = \"events\"\nquery = \"q\"\n"));
    EXPECT_EQ(folder.relative(joined(result.warnings)),
              "rules.toml:15:8: the dataset \"attendance\" is not mapped (what reads it says nothing; map it as "
              "[dataset.attendance] in retaind.toml, or remove this signal)\n")
        << "once, however many read it";
    EXPECT_EQ(folder.relative(joined(result.problems)),
              "rules.toml:20:8: the dataset \"tikets\" is not mapped (did you mean \"tickets\"?)\n"
              "rules.toml:29:38: a customer has no field \"regoin\" (did you mean \"region\"?)\n");
}

TEST(Config, EveryShippedPackLoadsForACompanyThatMapsLittle) {
    const Folder folder;
    for (const auto* pack : {"base", "saas", "season-tickets", "fitness"}) {
        const auto path = (source_root() / "rules" / (std::string{pack} + ".toml")).string();
        folder.write("rules.toml", "extends = \"" + path + "\"\n");
        const auto result = load_config(folder.write("retaind.toml", small_config));
        EXPECT_TRUE(result.problems.empty()) << pack << "\n" << joined(result.problems);
    }
}

// -- warnings ---------------------------------------------------------------------------------------------------------

TEST(Config, WarnsOfWhatIsAllowedAndProbablyNotMeant) {
    const Folder folder;
    folder.write("rules.toml", small_pack + R"([signal.idle]
group = "use"
from = "usage"
measure = "count"
weight = 0
[rule.quiet]
when = ["days_since_touch > 60"]
clear = ["days_since_touch < 50"]
severity = "warning"
message = "{name}"
)");
    const auto result = load_config(folder.write("retaind.toml", small_config + R"([source.spare]
backend = "postgresql"
connection = "host=db.example.org dbname=x password=canary"
[receiver.desk]
type = "file"
[receiver.log]
type = "file"
[[route]]
receivers = ["log"]
[[route]]
receivers = ["log"]
)"));
    ASSERT_TRUE(result.loaded.has_value()) << joined(result.problems);
    EXPECT_EQ(
        folder.relative(joined(result.loaded->warnings)),
        "retaind.toml:18:1: no dataset reads from the source \"spare\"\n"
        "retaind.toml:20:14: \"connection\" holds a password (put it in a file, and name the file with "
        "\"password_file\")\n"
        "retaind.toml:20:14: this connection leaves the machine without asking for TLS (add sslmode=verify-full)\n"
        "retaind.toml:21:1: nobody routes to the receiver \"desk\" (name it in a [[route]])\n"
        "retaind.toml:27:1: no alert gets this far (an earlier route without \"match\" takes them all)\n"
        "rules.toml:13:1: nobody weighs or uses the signal \"idle\" (it is still shown in explanations)\n"
        "rules.toml:19:10: \"days_since_touch\" reads touchpoints, which is not mapped (map it as "
        "[dataset.touchpoints], or leave this condition out)\n");
}

TEST(Pack, RefusesToDivideByWhatIsNotKnownYet) {
    const std::string usage = "[signal.x]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"sum\"\nweight = 0\n";
    const std::string value = "[signal.x]\ngroup = \"use\"\nfrom = \"customers\"\nmeasure = \"value\"\nweight = 0\n";
    const std::pair<std::string, std::string> cases[] = {
        {usage + "per = \"days_to_renewal\"\n",
         "18:7: \"days_to_renewal\" is not a size to divide by (seats, mrr, revenue, tenure_days, or a column of "
         "customers)"},
        {usage + "scale = { cohort = { by = \"discount_ratio\" } }\n",
         "18:27: \"discount_ratio\" does not divide customers into cohorts (a cohort is made by segment, or any column "
         "of "
         "customers)"},
        {value + "field = \"discount_ratio\"\nper = \"seats\"\n",
         "19:7: \"discount_ratio\" cannot be divided (leave \"per\" out)"},
    };
    for (const auto& [text, problem] : cases)
        EXPECT_EQ(joined(load_pack(small_pack + text).problems), "pack.toml:" + problem + "\n");
}

TEST(Pack, WarnsOfWhatNeverMatters) {
    struct Case {
        std::string sentence, text, warning;
    };
    const std::string profile = "[[profile]]\nname = \"{}\"\nmatch = [{}]\n{}\n";
    const auto two = [&](const std::string& first, const std::string& a, const std::string& second,
                         const std::string& b) {
        return fmt::format(fmt::runtime(profile), "p", first, a) + fmt::format(fmt::runtime(profile), "q", second, b);
    };
    const std::string seen =
        "[signal.x]\ngroup = \"use\"\nfrom = \"attendance\"\nscale = { ramp = { bad = 0, good = 1 } }\n";
    const std::string rule =
        "[rule.x]\napplies = [\"segment == 'a'\"]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\n"
        "message = \"m\"\n";
    const std::vector<Case> cases = {
        {"a window of the newest rows", seen + "measure = \"miss_streak\"\nwindow = \"90d\"\n",
         "18:10: \"window\" means nothing to the measure miss_streak (leave it out)"},
        {"a carried excuse", seen + "measure = \"rate\"\ncarry = \"9d\"\n",
         "18:9: \"carry\" means nothing to the measure rate (leave it out)"},
        {"a carried row", seen + "measure = \"count\"\ncarry = \"9d\"\n",
         "18:9: \"carry\" means nothing to the measure count (leave it out)"},
        {"the silence of a column",
         "[signal.x]\ngroup = \"use\"\nfrom = \"customers\"\nmeasure = \"value\"\nfield = \"mrr\"\nscale = { ramp = { "
         "bad = 0, good = 1 } }\n"
         "silence = \"zero\"\n",
         "19:11: \"silence\" means nothing to the measure value (leave it out)"},
        {"the age of a column",
         "[signal.x]\ngroup = \"use\"\nfrom = \"promises\"\nmeasure = \"overdue\"\nscale = { ramp = { bad = 1, good = "
         "0 } }\n"
         "max_age = \"3d\"\n",
         "18:11: \"max_age\" means nothing to the measure overdue (leave it out)"},
        {"a cap at the top", "[cap.x]\nat = 100\nwhen = [\"tenure_days < 3\"]\n",
         "13:1: the cap \"x\" never lowers a health (health ends at 100 anyway)"},
        {"one of any",
         "[rule.x]\nwhen = [\"tenure_days < 30\"]\nany = [\"band == 'watch'\", \"tenure_days > 60\"]\nclear = "
         "[\"tenure_days > 40\"]\nseverity = \"info\"\nmessage = \"m\"\n",
         "15:28: tenure_days > 60 can never hold here (it contradicts \"when\", or itself)"},
        {"the same profile twice",
         two("\"motion == 'a'\", \"tenure_days < 30\"", "signal.logins.weight = 2",
             "\"tenure_days < 30\", \"motion == 'a'\"", "group.use.weight = 2"),
         "17:1: the profile \"q\" matches whom \"p\" matches (put what they change together)"},
        {"a later profile that takes all back",
         two("\"tenure_days < 30\", \"motion == 'a'\"", "signal.logins.weight = 2", "\"tenure_days <= 90\"",
             "signal.logins = { weight = 3, missing = \"worst\" }"),
         "13:1: the profile \"p\" changes nothing (\"q\" comes later, matches wherever it does, and sets the same "
         "keys)"},
        {"a profile of a rule that does not apply",
         rule + fmt::format(fmt::runtime(profile), "p", "\"segment == 'b'\"", "rule.x.severity = \"warning\""),
         "18:1: the profile \"p\" changes the rule \"x\", which does not apply to anybody whom it matches (\"match\" "
         "contradicts \"applies\")"},
    };
    for (const auto& c : cases) {
        const auto result = load_pack(small_pack + c.text);
        EXPECT_EQ(joined(result.problems), "") << c.sentence;
        EXPECT_EQ(joined(result.warnings), "pack.toml:" + c.warning + "\n") << c.sentence;
    }
    const std::vector<std::string> harmless = {
        two("\"tenure_days < 30\"", "signal.logins.weight = 2", "\"tenure_days < 20\"", "signal.logins.weight = 3"),
        two("\"motion == 'a'\"", "signal.logins.weight = 2", "\"motion in ['b', 'c']\"", "signal.logins.weight = 3"),
        "[cap.x]\nat = 100\nwhen = [\"tenure_days < 3\"]\n" +
            fmt::format(fmt::runtime(profile), "p", "\"segment == 'b'\"", "cap.x.at = 40"),
        "[group.rest]\nweight = 0\n[signal.x]\ngroup = \"rest\"\nfrom = \"usage\"\nmeasure = \"count\"\nscale = { "
        "identity = true }\n" +
            fmt::format(fmt::runtime(profile), "p", "\"segment == 'b'\"", "group.rest.weight = 40"),
    };
    for (const auto& text : harmless) EXPECT_EQ(joined(load_pack(small_pack + text).warnings), "") << text;
}

TEST(Config, WarnsOfRolesThatNobodyHas) {
    const Folder folder;
    const auto warnings = [&](const std::string& more, const std::string& notify) {
        folder.write("rules.toml", small_pack +
                                       "[rule.x]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\nmessage = "
                                       "\"m\"\nnotify = [\"" +
                                       notify + "\"]\n");
        const auto result = load_config(folder.write(
            "retaind.toml", small_config +
                                "[receiver.mail]\ntype = \"email\"\nsmtp = \"smtp://127.0.0.1:25\"\nfrom = "
                                "\"a@example.org\"\n" +
                                more));
        EXPECT_EQ(joined(result.problems), "");
        return folder.relative(joined(result.warnings));
    };
    const std::string said = "rules.toml:13:1: the rule \"x\" tells ";
    EXPECT_EQ(warnings("", "lead"), said +
                                        "\"lead\", and nobody is that (it would be said by lead_id of people, or "
                                        "[people.defaults] lead)\n");
    EXPECT_EQ(warnings("[people.defaults]\nlead = \"l@example.org\"\n", "lead"), "");
    EXPECT_EQ(warnings("[people.defaults]\nlead = \"l@example.org\"\n", "account_manager"), "") << "the lead takes it";
    EXPECT_EQ(
        warnings("", "account_manager"),
        said +
            "\"account_manager\", and nobody is that (it would be said by the column account_manager of customers)\n");
    EXPECT_EQ(warnings("", "seller"), said +
                                          "\"seller\", and nobody is that (it would be said by the column seller of "
                                          "customers)\n");
    EXPECT_EQ(warnings("", "ops"), said + "\"ops\", and nobody is that (it would be said by [people.defaults] ops)\n");
}

/// "threads", "[http]", "backend = "odbc"": what the warnings say has no effect.
std::set<std::string> idle_keys(const std::vector<Error>& warnings) {
    std::set<std::string> keys;
    for (const auto& warning : warnings)
        if (const auto end = warning.message.find(" has no effect in this version"); end != std::string::npos)
            keys.insert(warning.message.substr(0, end));
    return keys;
}

TEST(Config, WarnsOfEveryKeyThatIsSetAndHasNoEffect) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    auto text = small_config + R"(overlap = "3d"
overlap_every = "1d"
read = "pushdown"
[state]
connection = "db=state.db"
[state.retention]
rejects = "14d"
payloads = "30d"
[outcome]
gap_days = 14
[calendar]
weekdays = ["Mon"]
holidays = [2026-12-25]
[alerts]
budget_per_week = 10
digest = "08:00"
quiet_hours = "20:00-07:00"
blast_min = 10
[[alerts.escalation]]
after = "3d"
notify = ["lead"]
[receiver.log]
type = "file"
digest = "08:00"
[http]
listen = "127.0.0.1:9847"
users_file = "/etc/retaind/users"
[metrics]
sellers = true
[lease]
ttl = "30s"
[backtest]
min_auc = 0.7
[log]
level = "info"
format = "auto"
[source.other]
backend = "mysql"
connection = "host=/run/mysql"
connections = 1
[source.third]
backend = "odbc"
connection = "DSN=third"
)";
    text.insert(text.find("rules ="), "threads = 1\nexternal_url = \"https://retaind.example.org\"\n");
    const std::string users = "/etc/retaind/users";
    text.replace(text.find(users), users.size(), folder.write("users", ""));
    const auto result = load_config(folder.write("retaind.toml", text));
    ASSERT_TRUE(result.loaded.has_value()) << joined(result.problems);
    EXPECT_THAT(
        idle_keys(result.loaded->warnings),
        testing::UnorderedElementsAre("\"threads\"", "\"users_file\"", "\"rejects\"", "\"connections\"",
                                      "backend = \"mysql\"", "backend = \"odbc\"", "\"overlap\"", "\"overlap_every\"",
                                      "read = \"pushdown\"", "\"sellers\"", "[lease]", "[backtest]"));
    EXPECT_THAT(joined(result.loaded->warnings),
                HasSubstr("retaind.toml:2:11: \"threads\" has no effect in this version"));
    const auto plain = load_config(folder.write("plain.toml", small_config + "read = \"rows\"\n[http]\n"));
    EXPECT_THAT(idle_keys(plain.loaded->warnings), IsEmpty());
}

TEST(Config, RulesMayHaveFloorsAndTheRestFollowsThatOfAll) {
    const Folder folder;
    const std::string pack = small_pack + R"([rule.x]
when = ["band == 'at_risk'"]
severity = "warning"
message = "m"
)";
    folder.write("rules.toml", pack + "min_precision = 0.25\n");
    const auto both = load_config(folder.write("a.toml", small_config + "[alerts]\nmin_precision = 0.1\n"));
    ASSERT_TRUE(both.loaded.has_value()) << joined(both.problems);
    EXPECT_EQ(both.loaded->rules.policy.alerts.min_precision, 0.1);
    EXPECT_EQ(both.loaded->rules.rules.at(0).min_precision, 0.25);
    EXPECT_THAT(effective(both.loaded->settings, both.loaded->rules),
                testing::AllOf(HasSubstr("min_precision = 0.1\n"), HasSubstr("min_precision = 0.25\n")));
    folder.write("rules.toml", pack);
    const auto none = load_config(folder.write("b.toml", small_config));
    EXPECT_TRUE(is_missing(none.loaded->rules.policy.alerts.min_precision));
    EXPECT_TRUE(is_missing(none.loaded->rules.rules.at(0).min_precision));
    const auto wrong = load_config(folder.write("c.toml", small_config + "[alerts]\nmin_precision = 40\n"));
    EXPECT_THAT(joined(wrong.problems), HasSubstr("\"min_precision\" must"));
}

TEST(Config, KnowsWhichReceiversArePeopleChannelsAndMachines) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    const auto result = load_config(folder.write("retaind.toml", small_config + R"([receiver.am]
type = "alertmanager"
url = "http://127.0.0.1:9093"
[receiver.chat]
type = "slack"
url = "https://chat.example.org/x"
digest = "09:15"
[receiver.log]
type = "file"
digest = "08:00"
[receiver.mail]
type = "email"
smtp = "smtp://127.0.0.1:25"
from = "retaind@example.org"
)"));
    ASSERT_TRUE(result.loaded.has_value()) << joined(result.problems);
    std::string traits;
    for (const ReceiverTraits& one : result.loaded->rules.policy.receivers)
        traits += one.name + (one.addresses_people ? " people" : "") + (one.is_machine ? " machine" : "") +
                  (one.wants_restating ? " restated" : "") + " " + one.digest + "\n";
    EXPECT_EQ(traits, "am machine restated \nchat 09:15\nlog machine 08:00\nmail people \n");
    EXPECT_THAT(joined(result.loaded->warnings), HasSubstr("this receiver gets no digest"));
}

TEST(Match, IsReadFromACommandLineInEitherKindOfQuotes) {
    for (const auto* text : {"segment == 'west'", "segment == \"west\""}) {
        const auto match = parse_match(text, silence_fields);
        ASSERT_TRUE(match.ok()) << match.error().message;
        EXPECT_EQ(match.value().field, "segment");
        EXPECT_FALSE(match.value().negated);
        EXPECT_THAT(match.value().values, ElementsAre("west"));
    }
    EXPECT_TRUE(parse_match("rule != 'gone'", silence_fields).value().negated);
    EXPECT_THAT(parse_match("rule in ['a', 'b']", silence_fields).value().values, ElementsAre("a", "b"));
}

TEST(Match, SaysWhatIsWrongWithIt) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"segmnt == 'west'", "segmnt"},
        {"segment", "segment"},
        {"segment < 'west'", "west"},
        {"known(segment)", "texts"},
        {"", ""},
    };
    for (const auto& [text, says] : cases) {
        const auto match = parse_match(text, silence_fields);
        ASSERT_FALSE(match.ok()) << text;
        EXPECT_EQ(match.error().kind, ErrorKind::usage);
        EXPECT_THAT(match.error().message, HasSubstr(says));
    }
}

TEST(Config, TheSampleMarksEveryKeyThatHasNoEffect) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    std::istringstream sample{text_of(source_root() / "etc/retaind.toml")};
    std::string comment, marked, others;  // a comment speaks of all the keys below it
    for (std::string line; std::getline(sample, line);) {
        const bool is_comment = line.starts_with("# ");
        if (is_comment) comment = comment.ends_with("\n") ? line : comment + line;
        if (line.empty()) comment.clear();
        if (is_comment || line.empty()) continue;
        if (!comment.ends_with("\n")) comment += "\n";
        const std::string bare = line.starts_with("#") ? line.substr(1) : line;
        const std::string name =
            bare.starts_with("[") ? bare.substr(0, bare.find_last_of(']') + 1) : bare.substr(0, bare.find(' '));
        (comment.find("not yet") == std::string::npos ? others : marked) += name + " ";
    }
    for (const auto* key : {"threads", "tls_cert", "users_file", "rejects", "connections", "overlap", "overlap_every",
                            "read", "sellers", "[lease]", "[backtest]"})
        EXPECT_THAT(" " + marked, HasSubstr(" " + std::string(key) + " ")) << key;
    for (const auto* key :
         {"brand",          "external_url", "[http]",          "schedule",  "interval",    "history",
          "payloads",       "timeout",      "bad_rows",        "watermark", "stale_after", "churn",
          "lead",           "blast_share",  "budget_per_week", "digest",    "quiet_hours", "[[alerts.escalation]]",
          "max_per_minute", "fields",       "level",           "format"})
        EXPECT_THAT(" " + others, HasSubstr(" " + std::string(key) + " ")) << key;
}

TEST(Config, AsksForTlsOnlyWhereAConnectionLeavesTheMachine) {
    const std::vector<std::pair<std::string, bool>> cases = {
        {"host=/run/postgresql dbname=x", false},
        {"dbname=x", false},
        {"host=localhost", false},
        {"host=127.0.0.1 port=5432", false},
        {"host=db.example.org", true},
        {"host=db.example.org sslmode=prefer", true},
        {"host=db.example.org sslmode=verify-full", false},
        {"postgresql://db.example.org/crm", true},
        {"postgresql://db.example.org/crm?sslmode=require", false},
        {"hostaddr=10.0.0.3", true},
    };
    const Folder folder;
    folder.write("rules.toml", small_pack);
    for (const auto& [connection, warns] : cases) {
        auto text = small_config;
        text.replace(text.find("sqlite3"), 7, "postgresql");
        text.replace(text.find("db=crm.db"), 9, connection);
        const auto result = load_config(folder.write("retaind.toml", text));
        ASSERT_TRUE(result.loaded.has_value()) << joined(result.problems);
        EXPECT_EQ(joined(result.loaded->warnings).find("TLS") != std::string::npos, warns) << connection;
    }
}

// -- defaults ---------------------------------------------------------------------------------------------------------

TEST(Config, DefaultsAreTheDocumentedOnes) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    const auto result = load_config(folder.write("retaind.toml", small_config));
    ASSERT_TRUE(result.loaded.has_value()) << joined(result.problems);
    EXPECT_THAT(result.loaded->warnings, IsEmpty());
    const auto& s = result.loaded->settings;
    EXPECT_EQ(s.interval, 15min);
    EXPECT_EQ(s.timezone, "UTC");
    EXPECT_EQ(s.history, std::chrono::days{400});
    EXPECT_EQ(s.threads, 1);
    EXPECT_EQ(s.file, folder.path("retaind.toml"));
    EXPECT_THAT(s.rule_files, ElementsAre("rules.toml"));
    EXPECT_EQ(s.state.backend, Backend::sqlite3);
    EXPECT_EQ(s.retention.payloads, std::chrono::days{30});
    ASSERT_EQ(s.sources.size(), 1u);
    EXPECT_EQ(s.sources[0].timeout, 30s);
    EXPECT_EQ(s.sources[0].bad_rows, 0.05);
    ASSERT_EQ(s.datasets.size(), 3u);
    EXPECT_EQ(s.datasets[2].name, "usage");
    EXPECT_EQ(s.datasets[2].kind, DatasetKind::usage);
    EXPECT_EQ(s.datasets[2].overlap, std::chrono::days{3});
    EXPECT_FALSE(s.datasets[2].stale_after.has_value());
    ASSERT_EQ(s.receivers.size(), 1u) << "the built-in file receiver";
    EXPECT_EQ(s.receivers[0].type, ReceiverType::file);
    EXPECT_EQ(s.http.listen.listen, "127.0.0.1:9847");
    EXPECT_EQ(s.metrics.listen.listen, "127.0.0.1:9848");
    EXPECT_EQ(s.metrics.customers, "firing");
    EXPECT_EQ(s.lease.ttl, 30s);
    EXPECT_EQ(s.log.level, "info");
    const auto& policy = result.loaded->rules.policy;
    EXPECT_THAT(policy.outcome.churn, ElementsAre("cancelled"));
    EXPECT_EQ(policy.outcome.gap_days, 14);
    EXPECT_THAT(policy.calendar.weekdays, ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(policy.alerts.budget_per_week, 10);
    EXPECT_EQ(policy.alerts.digest, "08:00");
    EXPECT_EQ(policy.alerts.stale_ops_after, 24h);
    EXPECT_THAT(policy.routes, IsEmpty()) << "everything to the one receiver";
    ASSERT_EQ(policy.receivers.size(), 1u);
    EXPECT_EQ(policy.dataset_sources.at("usage"), "crm");
}

TEST(Pack, DefaultsAreTheDocumentedOnes) {
    const auto rules = rules_of(small_pack + R"([rule.x]
when = ["band == 'at_risk'"]
severity = "warning"
notify = ["account_manager", "lead"]
message = "m"
)");
    EXPECT_EQ(rules.name, "small");
    EXPECT_THAT(rules.packs, ElementsAre("small"));
    EXPECT_EQ(rules.health.healthy, 70);
    EXPECT_EQ(rules.health.smoothing, std::chrono::days{7});
    EXPECT_EQ(rules.health.pulse_expires, std::chrono::days{90});
    EXPECT_EQ(rules.health.weakest, 0.25);
    EXPECT_EQ(rules.promises.gamma, 0.8);
    EXPECT_EQ(rules.promises.quality_delay, 14);
    EXPECT_EQ(rules.risk.horizon, 28);
    EXPECT_EQ(rules.risk.base_rate, 0.03);
    EXPECT_FALSE(rules.risk.model.has_value());
    const auto& signal = rules.signals.at(0);
    EXPECT_EQ(signal.weight, 1);
    EXPECT_EQ(signal.max_age, 7);
    EXPECT_EQ(signal.stale_halflife, 14);
    EXPECT_TRUE(signal.when_missing.prior);
    EXPECT_EQ(signal.carry, 0s);
    EXPECT_FALSE(signal.grace.has_value());
    const auto& rule = rules.rules.at(0);
    EXPECT_EQ(rule.scope, Scope::customer);
    EXPECT_TRUE(rule.trigger.clear_is_negation);
    EXPECT_EQ(rule.doer, "account_manager");
    EXPECT_EQ(rule.cooldown, 24h);
    EXPECT_EQ(rule.repeat, std::chrono::days{7});
    EXPECT_EQ(rule.deadline.kind, Deadline::Kind::none);
    EXPECT_THAT(rule.reads, ElementsAre("customers", "subscriptions", "usage"));
}

TEST(Pack, DefaultsOfASignalDependOnItsMeasure) {
    struct Case {
        std::string measure, from;
        Silence silence;
        int window;
    };
    const std::vector<Case> cases = {
        {"count", "usage", Silence::zero, 28},        {"sum", "usage", Silence::zero, 28},
        {"active_days", "usage", Silence::zero, 28},  {"mean", "usage", Silence::unknown, 28},
        {"last", "usage", Silence::unknown, 28},      {"ratio", "usage", Silence::unknown, 28},
        {"rate", "attendance", Silence::unknown, 90},
    };
    for (const auto& c : cases) {
        const auto rules = rules_of(fmt::format(
            "[group.g]\n[signal.s]\ngroup = \"g\"\nweight = 0\nfrom = \"{}\"\nmeasure = \"{}\"\n", c.from, c.measure));
        ASSERT_EQ(rules.signals.size(), 1u);
        EXPECT_EQ(rules.signals[0].silence, c.silence) << c.measure;
        EXPECT_EQ(rules.signals[0].window, std::chrono::days{c.window}) << c.measure;
    }
}

TEST(Config, AnAlertThatNoRouteMatchesGoesToTheFileReceiver) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    const auto result = load_config(folder.write("retaind.toml", small_config + R"([receiver.desk]
type = "webhook"
url = "http://127.0.0.1:1/"
[[route]]
match = ["severity != 'info'", "segment in ['west', 'east']", "region == 'north'"]
receivers = ["desk"]
)"));
    ASSERT_TRUE(result.loaded.has_value()) << joined(result.problems);
    const auto& routes = result.loaded->rules.policy.routes;
    ASSERT_EQ(routes.size(), 2u);
    ASSERT_EQ(routes[0].match.size(), 3u);
    EXPECT_TRUE(routes[0].match[0].negated);
    EXPECT_THAT(routes[0].match[1].values, ElementsAre("west", "east"));
    EXPECT_EQ(routes[0].match[2].field, "region");
    EXPECT_THAT(routes[1].match, IsEmpty());
    EXPECT_THAT(routes[1].receivers, ElementsAre("file"));
    EXPECT_EQ(result.loaded->rules.policy.receivers.size(), 2u);
}

// -- extends ----------------------------------------------------------------------------------------------------------

TEST(Extends, LaysOnePackOverAnother) {
    const Folder folder;
    folder.write("shipped/base.toml", small_pack + R"([signal.visits]
group = "use"
from = "usage"
measure = "count"
scale = { ramp = { bad = 0, good = 10 } }
[signal.gone]
group = "use"
from = "usage"
measure = "count"
weight = 0
[rule.low]
when = ["health < 40"]
clear = ["health >= 45"]
severity = "warning"
message = "m"
)");
    const auto mine = folder.write("mine.toml", R"(schema = 1
name = "mine"
extends = "base"
[signal]
gone = "remove"
[signal.visits]
weight = 3
scale = { points = [[0, 0], [5, 100]] }
[signal.logins.scale.ramp]
good = 50
[rule.low]
severity = "critical"
)");
    const auto result = load_rules({mine}, {.rules_directory = folder.path("shipped")});
    ASSERT_TRUE(result.rules.has_value()) << joined(result.problems);
    const auto& rules = *result.rules;
    EXPECT_EQ(rules.name, "mine");
    EXPECT_THAT(rules.packs, ElementsAre("small", "mine"));
    ASSERT_EQ(rules.signals.size(), 2u) << "one was removed";
    EXPECT_EQ(rules.signals[0].scale, (Scale{RampScale{0, 50}})) << "only one key of the same scale changed";
    EXPECT_EQ(rules.signals[1].weight, 3);
    EXPECT_EQ(rules.signals[1].scale, (Scale{PointScale{{{0, 0}, {5, 100}}}})) << "another scale replaces the whole";
    EXPECT_EQ(rules.rules.at(0).severity, Severity::critical);
    EXPECT_EQ(rules.rules.at(0).trigger.when.at(0).text, "health < 40");
    EXPECT_THAT(result.rules_text, StartsWith("# small, mine\nschema = 1\nname = \"mine\"\n"));
}

TEST(ScoreHash, ChangesWithWhatScoresComeFromAndWithNothingElse) {
    const std::string rule = "[rule.x]\nwhen = [\"band == 'watch'\"]\nseverity = \"info\"\nmessage = \"m\"\n";
    const auto hash = [](const std::string& text) { return rules_of(text).score_hash; };
    EXPECT_EQ(hash(small_pack), hash(small_pack + rule));
    EXPECT_EQ(hash(small_pack), hash(small_pack + "[risk]\nbase_rate = 0.2\n"));
    EXPECT_NE(hash(small_pack), hash(small_pack + "[cap.low]\nat = 10\nwhen = [\"tenure_days < 3\"]\n"));
    const std::string profile = "[[profile]]\nname = \"p\"\nmatch = [\"tenure_days < 30\"]\n";
    EXPECT_EQ(hash(small_pack + rule + profile + "rule.x.severity = \"warning\"\n"),
              hash(small_pack + rule + profile + "rule.x.severity = \"critical\"\n"));
    EXPECT_NE(hash(small_pack + profile + "group.use.weight = 2\n"),
              hash(small_pack + profile + "group.use.weight = 3\n"));
}

TEST(StoredRules, ReadBackToTheSameHash) {
    for (const auto& file : {"rules/education.toml", "etc/demo/rules.toml", "tests/edge/config/every_key.toml"}) {
        const auto first = load_rules({(source_root() / file).string()});
        ASSERT_TRUE(first.rules) << joined(first.problems);
        const auto again = load_rules({"stored.toml"}, {.texts = {{"stored.toml", first.rules_text}}});
        ASSERT_TRUE(again.rules) << joined(again.problems);
        EXPECT_EQ(again.rules->hash, first.rules->hash) << file;
        EXPECT_EQ(again.rules->name, first.rules->name);
        EXPECT_EQ(again.rules_text, first.rules_text) << "and again";
    }
}

TEST(Extends, KeepsThePlaceWhereAKeyWasWritten) {
    const Folder folder;
    folder.write("base.toml", small_pack +
                                  "[rule.low]\nwhen = [\"health < 40\"]\nclear = [\"health >= 45\"]\nseverity = "
                                  "\"warning\"\nmessage = \"{nme}\"\n");
    const auto result =
        load_rules({folder.write("mine.toml", "extends = \"./base.toml\"\n[rule.low]\nclear = [\"health > 30\"]\n")},
                   {.datasets = usual_datasets()});
    EXPECT_EQ(folder.relative(joined(result.problems)),
              "mine.toml:3:9: \"clear\" can hold together with \"when\" (one of its conditions must contradict one of "
              "\"when\")\n"
              "base.toml:17:13: a customer has no field \"nme\" (did you mean {name}?)\n");
}

TEST(Extends, RefusesCirclesAndThingsDefinedTwice) {
    const Folder folder;
    folder.write("a.toml", "extends = \"./b.toml\"\n" + small_pack.substr(small_pack.find("[group")));
    const auto circle = load_rules({folder.path("a.toml"), folder.write("b.toml", "extends = \"./a.toml\"\n")});
    EXPECT_THAT(joined(circle.problems),
                HasSubstr("b.toml:1:11: a pack cannot extend itself, not even by way of others"));
    const auto twice = load_rules({folder.write("c.toml", small_pack), folder.write("d.toml", small_pack)});
    EXPECT_THAT(folder.relative(joined(twice.problems)),
                HasSubstr("d.toml:4:8: [group.use] is already defined in c.toml:4"));
    const auto beside =
        load_rules({folder.path("c.toml"), folder.write("e.toml", "extends = \"small\"\n[group.use]\nweight = 9\n")});
    ASSERT_TRUE(beside.rules.has_value()) << joined(beside.problems);
    EXPECT_EQ(beside.rules->groups[0].weight, 9) << "a pack may extend one that was listed before it, by its name";
}

TEST(Extends, MergesProfilesByName) {
    const Folder folder;
    folder.write(
        "base.toml",
        small_pack +
            "[[profile]]\nname = \"new\"\nmatch = [\"tenure_days < 90\"]\n[profile.signal.logins]\nweight = 2\n");
    const auto result = load_rules({folder.write("mine.toml", R"(extends = "./base.toml"
[[profile]]
name = "new"
[profile.signal.logins]
missing = "worst"
[[profile]]
name = "old"
match = ["tenure_days > 900"]
)")});
    ASSERT_TRUE(result.rules.has_value()) << joined(result.problems);
    ASSERT_EQ(result.rules->profiles.size(), 2u);
    ASSERT_EQ(result.rules->profiles[0].signals.size(), 1u);
    EXPECT_THAT(result.rules->profiles[0].signals[0].keys, ElementsAre("missing", "weight"));
    EXPECT_EQ(result.rules->profiles[1].name, "old");
}

TEST(RulesHash, IsOverTheMeaning) {
    const auto hash = [](const std::string& text) { return rules_of(text).hash; };
    const auto base = hash(small_pack);
    EXPECT_EQ(base.size(), 16u);
    EXPECT_EQ(base.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(hash("# a comment\n" + small_pack + "\n\n"), base);
    auto spaced = small_pack;
    spaced.replace(spaced.find("weight = 40"), 11, "weight   =  40.0 # points");
    EXPECT_EQ(hash(spaced), base);
    EXPECT_EQ(hash(R"([signal.logins]
scale.ramp.good = 100
scale.ramp.bad = 0
measure = 'sum'
from = "usage"
group = "use"
[group]
use = { weight = 40 }
)"),
              base)
        << "the order of keys, other quotes, dotted keys";
    auto changed = small_pack;
    changed.replace(changed.find("weight = 40"), 11, "weight = 41");
    EXPECT_NE(hash(changed), base);
}

// -- profiles ---------------------------------------------------------------------------------------------------------

TEST(Profile, CarriesOnlyTheKeysThatItWrites) {
    const auto rules = rules_of(small_pack + R"([rule.low]
when = ["band == 'at_risk'"]
severity = "warning"
notify = ["lead"]
message = "m"
[[profile]]
name = "first year"
match = ["tenure_days < 365"]
[profile.signal.logins]
scale = { points = [[0, 0], [9, 100]] }
[profile.rule.low]
when = ["band == 'watch'"]
notify = ["seller"]
[profile.group.use]
weight = 10
[profile.risk]
base_rate = 0.1
)");
    const auto& profile = rules.profiles.at(0);
    EXPECT_THAT(profile.signals.at(0).keys, ElementsAre("scale"));
    EXPECT_THAT(profile.rules.at(0).keys, ElementsAre("clear", "doer", "notify", "when"));
    EXPECT_EQ(profile.base_rate, 0.1);
    const auto first_year = with_profiles(rules, 1);
    EXPECT_EQ(first_year.signals[0].scale, (Scale{PointScale{{{0, 0}, {9, 100}}}}));
    EXPECT_EQ(first_year.signals[0].measure, Measure::sum);
    EXPECT_EQ(first_year.groups[0].weight, 10);
    EXPECT_EQ(first_year.rules[0].trigger.when[0].text, "band == 'watch'");
    EXPECT_EQ(first_year.rules[0].doer, "seller");
    EXPECT_EQ(first_year.rules[0].message.text, "m");
}

TEST(Profile, ReportsAMistakeOfItsTargetOnce) {
    auto text =
        small_pack + "[[profile]]\nname = \"x\"\nmatch = [\"tenure_days < 30\"]\n[profile.signal.logins]\nweight = 2\n";
    text.replace(text.find("\"sum\""), 5, "\"summ\"");
    EXPECT_THAT(lines_of(load_pack(text).problems),
                ElementsAre("pack.toml:11:11: \"measure\" cannot be \"summ\" (did you mean \"sum\"?)"));
}

// -- secrets ----------------------------------------------------------------------------------------------------------

TEST(Secrets, AreReadFromFilesAndNeverShown) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    folder.write("secrets/crm", "canary-crm\n");
    folder.write("secrets/smtp", "canary-smtp\r\n");
    folder.write("secrets/url", "https://chat.example.org/canary-url\n");
    folder.write("secrets/key", "canary-key");
    setenv("RETAIND_TEST_SECRETS", folder.path("secrets").c_str(), 1);
    auto text = small_config + R"([receiver.mail]
type = "email"
smtp = "smtp://localhost:25"
user = "me"
password_file = "${RETAIND_TEST_SECRETS}/smtp"
from = "retaind@example.org"
[receiver.chat]
type = "slack"
url_file = "secrets/url"
hmac_key_file = "${RETAIND_TEST_SECRETS}/key"
[receiver.hook]
type = "webhook"
url = "https://canary-literal.example.org/x"
[source.other]
backend = "postgresql"
connection = "host=localhost password = 'canary in it' dbname=x"
password_file = "secrets/crm"
[source.third]
backend = "postgresql"
connection = "postgresql://me:canary-uri@localhost/x"
)";
    const auto result = load_config(folder.write("retaind.toml", text));
    ASSERT_TRUE(result.loaded.has_value()) << joined(result.problems);
    const auto& s = result.loaded->settings;
    EXPECT_EQ(s.receivers.at(2).password.value, "canary-smtp");
    EXPECT_EQ(s.receivers.at(0).url.value, "https://chat.example.org/canary-url");
    EXPECT_EQ(s.receivers.at(0).hmac_key.value, "canary-key");
    EXPECT_EQ(s.sources.at(1).password.value, "canary-crm");
    EXPECT_EQ(s.sources.at(2).connection, "postgresql://me:canary-uri@localhost/x");

    const auto shown = effective(s, result.loaded->rules);
    EXPECT_THAT(shown, Not(HasSubstr("canary")));
    EXPECT_THAT(shown, HasSubstr("password_file = \"(set)\""));
    EXPECT_THAT(shown, HasSubstr("url = \"(set)\""));
    EXPECT_THAT(shown, HasSubstr("host=localhost password = '***' dbname=x"));
    EXPECT_THAT(shown, HasSubstr("postgresql://***@localhost/x"));
    EXPECT_THAT(format_problems(result.loaded->warnings, result.sources), Not(HasSubstr("canary")));
}

TEST(Secrets, MissingVariablesAndFilesNameTheKeyAndTheRemedy) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    unsetenv("RETAIND_TEST_NOWHERE");
    const auto file = folder.write("retaind.toml", small_config + R"([source.a]
backend = "postgresql"
connection = "dbname=a"
password_file = "${RETAIND_TEST_NOWHERE}/a"
[source.b]
backend = "postgresql"
connection = "dbname=b"
password_file = "secrets/b"
[source.c]
backend = "postgresql"
connection = "dbname=c"
password_file = "${OPEN"
)");
    const auto result = load_config(file);
    EXPECT_THAT(
        folder.relative(joined(result.problems)),
        "retaind.toml:21:17: \"password_file\" needs the variable RETAIND_TEST_NOWHERE, which is not set (set it, or "
        "write the path of the file)\n"
        "retaind.toml:25:17: \"password_file\": there is no file secrets/b (create it, readable for retaind only)\n"
        "retaind.toml:29:17: \"password_file\" has a ${ without }\n");
    EXPECT_TRUE(load_config(file, {.read_secrets = false}).loaded.has_value()) << "a check on another machine";
}

TEST(Secrets, AreStarredOutOfTheLinesThatAreShown) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    const std::vector<std::string> mistakes = {
        "[receiver.m]\ntype = \"email\"\nsmtp = \"smtp://localhost\"\nfrom = \"a@b\"\npassword = \"canary\"\n",
        "[receiver.m]\ntype = \"slack\"\nurl = \"canary\"\n",
        "[receiver.m]\ntype = \"email\"\nsmtp = \"smtp://canary@localhost\"\nfrom = \"a@b\"\n",
        "[receiver]\nm = { type = \"slack\", url = \"https://canary/\", nonsense = 1 }\n",
        "[source.m]\nbackend = \"postgresql\"\nconnection = \"host=a password=canary\" canary\n",
        "[source.m]\nbackend = \"postgresql\"\nconnection = \"\"\"\nhost=a\npwd=canary \\q\n\"\"\"\n",
        "[source.m]\nbackend = \"postgresql\"\nconnection = 12 # canary\n",
        "[source.m]\nbackend = \"postgresql\"\npasswort = \"canary\"\nconnection = \"c\"\n",
        "[source.m]\nbackend = \"postgresql\"\ntokens = [\n\"canary\",\n12,\n",
        "\"smtp://me:canary@localhost\" = 3\n",
        "[log]\nlevel = \"Bearer canary\"\n",
        "[log]\nlevel = \"a password=canary\" # password=canary\nformat = \"canary\"\n",
    };
    for (const auto& mistake : mistakes) {
        const auto result = load_config(folder.write("retaind.toml", small_config + mistake));
        EXPECT_FALSE(result.loaded.has_value());
        EXPECT_THAT(format_problems(result.problems, result.sources), Not(HasSubstr("canary"))) << mistake;
    }
}

TEST(Secrets, InAPlaceWhereNobodyExpectsThemAreNotPrintedEither) {
    const Folder folder;
    folder.write("rules.toml", small_pack + R"([rule.x]
when = ["band == 'watch'"]
severity = "info"
message = "write to smtp://me:canary@localhost, \"password=canary\" or Authorization: Bearer canary"
advice = { token = "canary" }
)");
    const auto result = load_config(folder.write("retaind.toml", small_config));
    ASSERT_TRUE(result.loaded.has_value()) << joined(result.problems);
    const auto text = effective(result.loaded->settings, result.loaded->rules);
    EXPECT_THAT(text, Not(HasSubstr("canary")));
    EXPECT_THAT(text, HasSubstr("write to smtp://***@localhost"));
    const auto again = load_rules({folder.write("again.toml", text.substr(text.find("[health]")))});
    EXPECT_TRUE(again.rules.has_value()) << format_problems(again.problems, again.sources);
}

// -- texts that would hurt --------------------------------------------------------------------------------------------

TEST(Limits, RefuseWhatWouldHurtTheParser) {
    const auto repeated = [](const std::string& part, int times) {
        std::string text;
        for (int i = 0; i < times; ++i) text += part;
        return text;
    };
    struct Case {
        std::string sentence, text, problem;
    };
    const std::vector<Case> cases = {
        {"a dotted key of 100,000 parts", repeated("a.", 100'000) + "b = 1\n",
         "pack.toml:1:32: a key of more than 16 parts"},
        {"in a header", "[" + repeated("a.", 30'000) + "b]\n", "pack.toml:1:33: a key of more than 16 parts"},
        {"after a string with odd quotes", "x = { a = \"\"\"q\"\"\"\", " + repeated("a.", 30'000) + "b = 1 }\n",
         "a key of more than 16 parts"},
        {"brackets in brackets", "x = " + repeated("[", 60'000) + "\n", "pack.toml:1:"},
        {"a long line", "x = \"" + std::string(100'000, 'x') + "\"\n", "a line of more than 65536 bytes"},
        {"a large file", repeated("# comment\n", 110'000), "pack.toml:1:1: the file is larger than 1048576 bytes"},
        {"no UTF-8", "x = \"\xff\xfe\"\n", "pack.toml:1:5: this is not valid TOML"},
        {"a NUL", std::string("x = \"a\0b\"\n", 10), "pack.toml:1:7: this is not valid TOML"},
        {"a number that is none", small_pack + "[health]\nprior = nan\n", "pack.toml:14:9: a number must be finite"},
        {"too many conditions", small_pack + "[cap.x]\nat = 1\nwhen = [" + repeated("\"logins > 1\",", 60) + "]\n",
         "pack.toml:15:8: \"when\" has 60 entries; at most 50 are allowed"},
    };
    for (const auto& c : cases) {
        const auto result = load_pack(c.text);
        ASSERT_THAT(result.problems, Not(IsEmpty())) << c.sentence;
        EXPECT_THAT(to_string(result.problems[0]), HasSubstr(c.problem)) << c.sentence;
    }
}

TEST(Limits, AFileFullOfMistakesIsRefusedQuickly) {
    std::string text = small_pack;
    for (int i = 0; i < 450; ++i)
        text += fmt::format(
            "[signal.s{}]\ngroup = \"usee\"\nwieght = 1\nfrom = \"usage\"\nmeasure = \"countt\"\nx{} = 1\n", i, i);
    const auto start = std::chrono::steady_clock::now();
    const auto result = load_pack(text);
    EXPECT_EQ(result.problems.size(), 1000u);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

// -- everything that is documented ------------------------------------------------------------------------------------

/// "[signal.*]" and "key" lines of a TOML text as "signal.*.key"; `#key = ...` counts as a key.
std::set<std::string> keys_written(const std::string& text) {
    static const std::set<std::string> named = {"group", "signal", "cap",     "curve",
                                                "rule",  "source", "dataset", "receiver"};  // [table.NAME]
    std::set<std::string> keys;
    std::string table;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('#')) line.erase(0, 1);
        const auto header = line.find_first_not_of('[');
        if (line.starts_with('[')) {
            table.clear();
            std::istringstream parts{line.substr(header, line.find(']') - header)};
            std::string before;
            for (std::string part; std::getline(parts, part, '.'); before = part) {
                table += named.contains(before) ? "*." : part + ".";
                if (named.contains(before)) part = "*";
            }
            keys.insert(table.substr(0, table.size() - 1));
            continue;
        }
        const auto end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789");
        if (end != std::string::npos && end > 0 && line.substr(end).starts_with(" = "))
            keys.insert(table + line.substr(0, end));
    }
    return keys;
}

/// Without the tables that only hold others.
std::set<std::string> leaves(const std::set<std::string>& keys) {
    std::set<std::string> result;
    for (const auto& key : keys) {
        const auto next = keys.upper_bound(key + ".");
        if (next == keys.end() || !next->starts_with(key + ".")) result.insert(key);
    }
    return result;
}

void expect_same(const std::set<std::string>& documented, const std::set<std::string>& read) {
    for (const auto& key : documented) EXPECT_TRUE(read.contains(key)) << key << " is documented, and nothing reads it";
    for (const auto& key : read) EXPECT_TRUE(documented.contains(key)) << key << " is read, and not documented";
}

TEST(EveryKey, OfTheRuleLanguageIsAccepted) {
    const Folder folder;
    folder.write("rules.toml", text_of(source_root() / "tests/edge/config/every_key.toml"));
    const auto result = load_rules({folder.path("rules.toml")});
    ASSERT_TRUE(result.rules.has_value()) << format_problems(result.problems, result.sources);
    const auto& rules = *result.rules;
    EXPECT_TRUE(rules.risk.model.has_value());
    EXPECT_EQ(rules.risk.model->fitted.at, "2026-03-01");
    EXPECT_EQ(rules.profiles.size(), 1u);
    EXPECT_EQ(rules.rules.size(), 6u);
    EXPECT_EQ(rules.signals.size(), 20u) << "one of every measure";

    const auto text = text_of(source_root() / "tests/edge/config/every_key.toml");
    const auto written = keys_written(text);
    for (const auto& key : leaves({result.keys.begin(), result.keys.end()})) {
        const auto last = key.substr(key.rfind('.') + 1);
        const bool is_there = written.contains(key) || text.find(last + " = ") != std::string::npos ||
                              text.find("[" + key + ".") != std::string::npos;
        EXPECT_TRUE(is_there || key == "extends") << key << " is read, and this sample does not have it";
    }
}

TEST(EveryKey, OfTheRuleLanguageIsInTheGuide) {
    const Folder folder;
    const auto read = load_rules({(source_root() / "tests/edge/config/every_key.toml").string()}).keys;
    const auto guide = text_of(source_root() / "docs/rules.md");
    std::set<std::string> documented, expected;
    std::string table;
    std::istringstream lines{guide};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#")) {
            const auto open = line.find("`["), close = line.find("]`");
            table = open == std::string::npos ? "" : line.substr(open + 2, close - open - 2);
            if (table.starts_with('[')) table = table.substr(1, table.size() - 2);
            if (const auto name = table.find("NAME"); name != std::string::npos) table.replace(name, 4, "*");
        }
        if (!line.starts_with("| `") || line.starts_with("| `{")) continue;
        const auto cell = line.substr(2, line.find(" |", 2) - 2);
        for (auto at = cell.find('`'); at != std::string::npos; at = cell.find('`', cell.find('`', at + 1) + 1))
            documented.insert((table.empty() || table == "pack" ? "" : table + ".") +
                              cell.substr(at + 1, cell.find('`', at + 1) - at - 1));
    }
    for (const auto& key : leaves({read.begin(), read.end()})) {
        if (key.starts_with("profile.") && key != "profile.name" && key != "profile.match" &&
            !key.starts_with("profile.risk."))
            continue;  // in words
        const bool is_inside = key.starts_with("signal.*.scale.") || key.starts_with("health.bands.");
        const auto last = key.substr(key.rfind('.') + 1);
        if (is_inside)
            EXPECT_TRUE(guide.find(last) != std::string::npos) << key << " is not in the guide";
        else
            expected.insert(key);
    }
    expected.insert({"health.bands", "signal.*.scale"});
    expect_same(documented, expected);
}

TEST(EveryKey, OfTheConfigurationIsInTheSample) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    const auto sample = text_of(source_root() / "etc/retaind.toml");
    std::string all;
    std::istringstream lines{sample};
    for (std::string line; std::getline(lines, line);)
        all += (line.starts_with('#') && !line.starts_with("# ") ? line.substr(1) : line) + "\n";
    const auto result = load_config(folder.write("retaind.toml", all), {.read_secrets = false});
    EXPECT_THAT(result.problems, testing::SizeIs(2)) << joined(result.problems);
    EXPECT_THAT(joined(result.problems), HasSubstr("\"schedule\" stands instead of \"interval\""));
    EXPECT_THAT(joined(result.problems), HasSubstr("exactly one of \"url\" and \"url_file\" is needed"));

    const std::set<std::string> of_packs = {"schema", "name",  "extends",  "health", "group", "signal",
                                            "cap",    "curve", "promises", "risk",   "rule",  "profile"};
    std::set<std::string> read;
    for (const auto& key : result.keys)
        if (!of_packs.contains(key.substr(0, key.find('.')))) read.insert(key);
    expect_same(leaves(keys_written(sample)), leaves(read));
}

TEST(Samples, AreAcceptedAsShipped) {
    const Folder folder;
    folder.write("rules.toml", small_pack);
    const auto full =
        load_config(folder.write("retaind.toml", text_of(source_root() / "etc/retaind.toml")), {.read_secrets = false});
    EXPECT_TRUE(full.loaded.has_value()) << format_problems(full.problems, full.sources);
    EXPECT_THAT(joined(full.warnings), IsEmpty());
    auto minimal = text_of(source_root() / "etc/retaind-minimal.toml");
    minimal.replace(minimal.find("/etc/retaind/rules.toml"), 23, "rules.toml");
    const auto least = load_config(folder.write("minimal.toml", minimal));
    EXPECT_TRUE(least.loaded.has_value()) << format_problems(least.problems, least.sources);
    EXPECT_THAT(joined(least.warnings), IsEmpty());
}

TEST(Samples, ShippedPacksAndExamplesAreAccepted) {
    std::vector<std::string> packs;
    for (const auto& file : fs::directory_iterator{source_root() / "rules"})
        if (file.path().extension() == ".toml") packs.push_back(file.path().string());
    ASSERT_THAT(packs, Not(IsEmpty()));
    for (const auto& pack : packs) {
        const auto result = load_rules({pack}, {.rules_directory = (source_root() / "rules").string()});
        EXPECT_TRUE(result.rules.has_value()) << format_problems(result.problems, result.sources);
    }
    for (const auto* file : {"etc/examples/oulad/retaind.toml", "etc/examples/oulad/retaind-postgresql.toml"}) {
        const auto result = load_config((source_root() / file).string());
        EXPECT_TRUE(result.loaded.has_value()) << format_problems(result.problems, result.sources);
    }
}

TEST(Samples, TheDemoCompanyIsAccepted) {
    const Folder folder;
    folder.write("rules.toml", text_of(source_root() / "etc/demo/rules.toml"));
    auto text = text_of(source_root() / "etc/demo/retaind.toml");
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"@RULES@", "rules.toml"}, {"@FOLDER@", "."}})
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from))
            text.replace(at, from.size(), to);
    const auto result = load_config(folder.write("retaind.toml", text));
    EXPECT_TRUE(result.loaded.has_value()) << format_problems(result.problems, result.sources);
}

TEST(Effective, SaysWhatIsInForceAndReadsBack) {
    const Folder folder;
    folder.write("rules.toml", text_of(source_root() / "tests/edge/config/every_key.toml"));
    const auto pack = load_rules({folder.path("rules.toml")});
    ASSERT_TRUE(pack.rules.has_value());
    const auto text = effective(Settings{}, *pack.rules);
    for (const auto* line : {"[signal.seats_used]", "per = \"seats\"", "missing = \"worst\"", "halflife = \"14d\"",
                             "deadline = \"notice\"", "[[rule.health_low.step]]",
                             "# changes signal visits: [\"weight\"]", "timezone = \"UTC\"", "interval = \"15m\""})
        EXPECT_THAT(text, HasSubstr(line));
    const auto rules_part = text.substr(text.find("[health]"));
    const auto again = load_rules({folder.write("again.toml", rules_part)});
    ASSERT_TRUE(again.rules.has_value()) << format_problems(again.problems, again.sources);
    EXPECT_EQ(again.rules->signals.size(), pack.rules->signals.size());
    for (std::size_t i = 0; i < again.rules->signals.size(); ++i) {
        EXPECT_EQ(again.rules->signals[i].scale, pack.rules->signals[i].scale) << i;
        EXPECT_EQ(again.rules->signals[i].when_missing, pack.rules->signals[i].when_missing) << i;
        EXPECT_EQ(again.rules->signals[i].window, pack.rules->signals[i].window) << i;
    }
    EXPECT_EQ(again.rules->risk.model->terms.size(), 2u);
}

}  // namespace
}  // namespace retaind
