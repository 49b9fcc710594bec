// [[test]]: the pack, the rows of each step put together, what is expected.
#include "edge/config/rule_tests.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "edge/config/pack.hpp"
#include "edge/config/rule_test_reader.hpp"
#include "edge/config/settings_reader.hpp"

namespace retaind {

using namespace config;

namespace {

/// One or several packs, as [daemon] rules names them.
struct pack_files {
    std::optional<std::vector<PackFile>> operator()(const Item& item) const {
        std::vector<PackFile> files;
        const bool is_list = item.node.kind == Node::Kind::list;
        const auto names = is_list ? list{text{}, 1, most_packs}(item) : std::nullopt;
        if (is_list && !names) return std::nullopt;
        if (!is_list && !text{}(item)) return std::nullopt;
        if (!is_list) return std::vector{PackFile{item.node.text, item.node.where}};
        for (const auto& node : item.node.items) files.push_back({node.text, node.where});
        return files;
    }
};

/// What one step changes of one dataset.
struct Change {
    std::vector<TestRow> added = {}, removed = {};
    std::optional<Day> watermark = {};
    bool is_loaded = true;
};

struct StepRead {
    Day as_of = {};
    std::map<std::string, Change, std::less<>> changes = {};
    Expectations expect = {};
    Position where = {};
};

class TestFile {
public:
    TestFile(const std::string& file, const RuleTestsOptions& options, Problems& problems)
        : options_(options),
          directory_(std::filesystem::path{file}.parent_path().string()),
          csv_files_(directory_),
          problems_(problems) {}

    RuleTest read(TableReader& in);

private:
    std::vector<std::string> pack_folders() const;
    std::optional<RuleSet> read_rules(TableReader& in, Configuration& settings);
    void read_settings(TableReader& in, Configuration& to);
    void find_datasets(TableReader& in, const RuleSet& rules);
    void note_named(const Node& table);
    StepRead read_step(TableReader& in, const RuleSet& rules);
    void complain_of_rows(const Position& where);
    void read_rows(TableReader& in, StepRead& to);
    void read_feeds(TableReader& in, StepRead& to);

    DatasetKind kind_of(std::string_view dataset) const { return dataset_kind(dataset).value_or(DatasetKind::events); }
    std::vector<std::string> columns_of(const std::string& dataset, const std::vector<StepRead>& steps) const;
    void change_rows(std::vector<TestRow>& rows, const Change& change, const std::string& dataset);
    std::vector<RuleTestStep> build(std::vector<StepRead> steps);
    void add_feed(const std::string& dataset, const StepRead& from, const std::vector<TestRow>& rows, RuleTestStep& to);
    DatasetOptions options_of(const std::string& dataset) const;

    const RuleTestsOptions& options_;
    const std::string directory_;
    CsvFiles csv_files_;
    Problems& problems_;
    std::size_t rows_read_ = 0;
    bool has_too_many_rows_ = false;  ///< said once; nothing more is read

    // Of the test at hand:
    std::vector<std::string> known_ = {};  ///< datasets that may be spoken of, sorted
    std::size_t rows_added_ = 0;
    std::set<std::string, std::less<>> named_ = {}, may_reject_ = {};
    std::map<std::string, std::vector<std::string>, std::less<>> columns_ = {};
    std::map<std::string, DatasetSettings, std::less<>> feeds_ = {};  ///< stale_after and delay, by dataset
};

// -- the pack, and what retaind.toml would say ------------------------------------------------------------------------

void TestFile::read_settings(TableReader& in, Configuration& to) {
    in.table("settings", [&](TableReader& settings) {
        read_policy(settings, to);
        settings.named_tables(
            "dataset", most_items,
            [&](const std::string& name, TableReader& table) {
                Seconds stale_after{};
                if (table.take("stale_after", stale_after, duration{Seconds{60}}))
                    feeds_[name].stale_after = stale_after;
                table.take("delay", feeds_[name].delay, duration{});
            },
            TableReader::Names::loose);
    });
    to.policy.receivers.push_back({.name = "file"});
    // A step may bring as many rows as a month does: how many come in a day is not what a rule test is about.
    to.policy.alerts.rows_low = -1;
    to.policy.alerts.rows_high = std::numeric_limits<double>::infinity();
}

/// Tests come from others, too: a file of theirs reads nothing of the machine's.
std::vector<std::string> TestFile::pack_folders() const {
    std::error_code trouble;
    const auto folder = std::filesystem::absolute(directory_.empty() ? "." : directory_, trouble).lexically_normal();
    const auto inside = folder.has_filename() ? folder : folder.parent_path();  // "/a/." ends in a slash
    const auto above = inside.parent_path();
    std::vector<std::string> folders = {directory_, options_.rules_directory};
    if (above != above.root_path()) folders.push_back(above.string());
    return folders;
}

std::optional<RuleSet> TestFile::read_rules(TableReader& in, Configuration& settings) {
    std::vector<PackFile> files;
    if (!in.require("pack", files, pack_files{})) return std::nullopt;
    Problems of_pack;
    of_pack.given = problems_.given;
    const auto tree = read_packs(files, {options_.rules_directory, directory_, pack_folders()}, of_pack);
    auto rules = compile(tree, {.rules_directory = options_.rules_directory, .policy = settings.policy}, of_pack);
    for (const auto& [file, source] : of_pack.sources()) problems_.add_source(file, source);
    for (auto& error : of_pack.errors()) problems_.error(std::move(error));
    problems_.removed = of_pack.removed;
    if (of_pack.has_errors()) return std::nullopt;
    return rules;
}

// -- what a step says -------------------------------------------------------------------------------------------------

void TestFile::note_named(const Node& table) {
    const auto note = [&](std::string_view name, std::set<std::string, std::less<>>& to) {
        if (std::binary_search(known_.begin(), known_.end(), name)) to.emplace(name);
    };
    for (const auto& entry : table.entries) {
        note(entry.key, named_);
        if (entry.key == "watermark")
            for (const auto& feed : entry.value.entries) note(feed.key, named_);
        if (entry.key == "not_loaded")
            for (const auto& feed : entry.value.items) note(feed.text, named_);
    }
    const Node* expect = table.find("expect");
    const Node* rejected = expect ? expect->find("rejected") : nullptr;
    if (!rejected) return;
    for (const auto& entry : rejected->entries) note(entry.key, may_reject_);
}

/// Those of the contract, and what else the rules read. One that any step names is mapped from the first on.
void TestFile::find_datasets(TableReader& in, const RuleSet& rules) {
    std::set<std::string> known;
    for (const auto& spec : data_contract())
        if (spec.kind != DatasetKind::events) known.emplace(spec.name);
    for (const auto& signal : rules.signals) known.insert(signal.from);
    known_.assign(known.begin(), known.end());
    named_.clear();
    may_reject_.clear();
    note_named(in.node());
    const Node* steps = in.node().find("step");
    if (!steps) return;
    for (const auto& step : steps->items) note_named(step);
}

/// Looks no further into a table, and has nothing against it.
void skip(TableReader& in) {
    for (const auto& entry : in.node().entries) in.claim(entry.key);
}

void TestFile::complain_of_rows(const Position& where) {
    has_too_many_rows_ = true;
    problems_.error(where, fmt::format("too many rows: a dataset may have {}, all steps of a file {}", most_test_rows,
                                       most_read_rows));
}

void TestFile::read_rows(TableReader& in, StepRead& to) {
    for (const auto& name : known_) {
        auto& added = to.changes[name].added;
        in.take(name, added, test_rows{dataset_spec(kind_of(name)), csv_files_});
        rows_added_ += added.size();
        if (rows_read_ + rows_added_ <= most_read_rows) continue;
        complain_of_rows(to.where);
        return skip(in);
    }
    in.table("remove", [&](TableReader& table) {
        for (const auto& name : known_)
            table.take(name, to.changes[name].removed, removed_rows{dataset_spec(kind_of(name))});
    });
}

void TestFile::read_feeds(TableReader& in, StepRead& to) {
    in.table("watermark", [&](TableReader& table) {
        for (const auto& name : known_) {
            Day watermark{};
            if (table.take(name, watermark, day{})) to.changes[name].watermark = watermark;
        }
    });
    struct dataset_name {
        const std::vector<std::string>& known;
        std::optional<std::string> operator()(const Item& item) const {
            if (!name_of{"dataset", known}(item)) return std::nullopt;
            return item.node.text;
        }
    };
    std::vector<std::string> not_loaded;
    in.take("not_loaded", not_loaded, list{dataset_name{known_}});
    for (const auto& name : not_loaded) {
        to.changes[name].is_loaded = false;
        if (to.changes[name].watermark)
            problems_.error(in.where("not_loaded"), fmt::format("\"{}\" is not loaded, and has a watermark", name),
                            "leave out one of them");
    }
}

StepRead TestFile::read_step(TableReader& in, const RuleSet& rules) {
    StepRead step{.where = in.where()};
    if (has_too_many_rows_) {
        skip(in);
        return step;
    }
    in.require("as_of", step.as_of, day{});
    read_rows(in, step);
    read_feeds(in, step);
    in.table("expect", [&](TableReader& expect) { read_expectations(expect, rules, known_, step.expect); });
    for (const auto& [name, rows] : step.expect.rejected)
        if (!step.changes[name].is_loaded)
            problems_.error(in.where("expect"), fmt::format("\"{}\" is not loaded, so no row is rejected", name),
                            "expect its rejected rows in another step");
    return step;
}

// -- the rows that are there at the end of a step ---------------------------------------------------------------------

/// All that any row has, and what a query must have; so that a further column exists before somebody has a value in it.
std::vector<std::string> TestFile::columns_of(const std::string& dataset, const std::vector<StepRead>& steps) const {
    std::set<std::string> columns;
    for (const auto& column : dataset_spec(kind_of(dataset)).columns)
        if (column.required) columns.emplace(column.name);
    for (const auto& step : steps) {
        const auto change = step.changes.find(dataset);
        if (change == step.changes.end()) continue;
        for (const auto& row : change->second.added)
            for (const auto& [column, cell] : row.cells) columns.insert(column);
    }
    if (kind_of(dataset) == DatasetKind::attendance && !columns.contains("attended")) columns.emplace("status");
    return {columns.begin(), columns.end()};
}

void TestFile::change_rows(std::vector<TestRow>& rows, const Change& change, const std::string& dataset) {
    for (const auto& asked : change.removed) {
        const auto matches = [&](const TestRow& row) {
            return std::ranges::all_of(asked.cells, [&](const auto& cell) {
                const auto found = row.cells.find(cell.first);
                return found != row.cells.end() && found->second == cell.second;
            });
        };
        if (std::erase_if(rows, matches) == 0)
            problems_.error(asked.where, fmt::format("there is no such row of {} to remove", dataset));
    }
    rows.insert(rows.end(), change.added.begin(), change.added.end());
}

DatasetOptions TestFile::options_of(const std::string& dataset) const {
    DatasetOptions options{.name = dataset, .kind = kind_of(dataset), .source = dataset};
    if (const auto feed = feeds_.find(dataset); feed != feeds_.end()) {
        options.delay = feed->second.delay;
        options.stale_after = feed->second.stale_after;
    }
    return options;
}

void TestFile::add_feed(const std::string& dataset, const StepRead& from, const std::vector<TestRow>& rows,
                        RuleTestStep& to) {
    const auto change = from.changes.find(dataset);
    if (change != from.changes.end() && !change->second.is_loaded) {
        to.failed.push_back({.options = options_of(dataset), .error = "the test says that it is not loaded"});
        return;
    }
    const auto& columns = columns_.at(dataset);
    auto reader = DatasetReader::open(options_of(dataset), columns);
    if (!reader) {
        problems_.error(from.where, reader.error().message, reader.error().hint);
        return;
    }
    std::optional<Position> first_rejected;
    for (const auto& row : rows) {
        std::vector<Cell> cells;
        for (const auto& column : columns) {
            const auto cell = row.cells.find(column);
            cells.push_back(cell == row.cells.end() ? Cell{} : Cell{cell->second});
        }
        reader->add(cells);
        if (reader->rows_rejected() > 0 && !first_rejected) first_rejected = row.where;
    }
    auto read = std::move(reader.value()).finish();
    if (first_rejected && !may_reject_.contains(dataset))
        problems_.error(*first_rejected, fmt::format("rows of {} are rejected: {}", dataset, describe(read.rejected)),
                        fmt::format("if they are meant to be, say so: expect = {{ rejected = {{ {} = {} }} }}", dataset,
                                    rejected_rows(read.rejected)));
    const bool is_stated = change != from.changes.end() && change->second.watermark;
    read.watermark = is_stated ? *change->second.watermark : from.as_of;
    to.datasets.push_back(std::move(read));
}

std::vector<RuleTestStep> TestFile::build(std::vector<StepRead> steps) {
    std::map<std::string, std::vector<TestRow>> rows;
    for (const auto& name : named_) columns_[name] = columns_of(name, steps);
    std::vector<RuleTestStep> result;
    for (auto& step : steps) {
        RuleTestStep built{.as_of = step.as_of, .where = step.where};
        for (const auto& name : named_) {
            change_rows(rows[name], step.changes[name], name);
            rows_read_ += rows[name].size();
            if (rows[name].size() > most_test_rows || rows_read_ > most_read_rows) {
                complain_of_rows(step.where);
                return {};
            }
            add_feed(name, step, rows[name], built);
        }
        if (!result.empty() && built.as_of <= result.back().as_of)
            problems_.error(step.where, fmt::format("a step must lie after the one before it, {}",
                                                    format_day(result.back().as_of)));
        built.expect = std::move(step.expect);
        result.push_back(std::move(built));
    }
    return result;
}

bool expects_something(const std::vector<RuleTestStep>& steps) {
    return std::ranges::any_of(steps, [](const RuleTestStep& step) {
        const auto& expect = step.expect;
        return expect.alerts || !expect.numbers.empty() || !expect.words.empty() || !expect.rejected.empty();
    });
}

RuleTest TestFile::read(TableReader& in) {
    RuleTest test{.name = {}, .where = in.where()};
    const auto errors_before = problems_.error_count();
    if (has_too_many_rows_) {
        skip(in);
        return test;
    }
    rows_added_ = 0;
    feeds_.clear();
    columns_.clear();
    in.require("name", test.name, text{});
    Configuration settings;
    read_settings(in, settings);
    auto rules = read_rules(in, settings);
    if (!rules) {  // without a pack nobody can say what the rest means
        skip(in);
        return test;
    }
    test.rules = std::move(*rules);
    find_datasets(in, test.rules);
    std::vector<StepRead> steps;
    steps.push_back(read_step(in, test.rules));
    in.tables("step", most_test_steps, [&](TableReader& step) { steps.push_back(read_step(step, test.rules)); });
    for (const auto& [name, feed] : feeds_)
        if (!named_.contains(name))
            problems_.error(in.where("settings"), fmt::format("no step names the dataset \"{}\"", shown(name)));
    if (problems_.error_count() == errors_before) test.steps = build(std::move(steps));
    return test;
}

}  // namespace

RuleTestsResult load_rule_tests(const std::string& file, const RuleTestsOptions& options) {
    Problems problems;
    problems.given = options.texts;
    RuleTestsResult result;
    if (const auto document = read_document(file, {}, problems)) {
        TestFile tests{file, options, problems};
        TableReader in{*document, "", problems};
        in.tables("test", most_tests, [&](TableReader& test) { result.tests.push_back(tests.read(test)); });
        in.finish();
        if (result.tests.empty() && !problems.has_errors())
            problems.error({file, 1, 1}, "there are no tests in this file", "a test is a table [[test]]");
    }
    const bool is_readable = !problems.has_errors();
    for (const auto& test : result.tests)
        if (is_readable && !expects_something(test.steps))
            problems.error(test.where, "this test expects nothing", "add expect = { alerts = [...] }");
    if (problems.has_errors()) result.tests.clear();
    result.problems = problems.errors();
    result.sources = problems.sources();
    result.keys = problems.keys;
    return result;
}

}  // namespace retaind
