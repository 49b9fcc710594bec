#include "edge/config/table_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "retaind/rules/fields.hpp"

namespace retaind::config {
namespace {

std::string list_of(const std::vector<std::string_view>& names) {
    std::string text;
    for (const auto name : names) text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
    return text;
}

std::string bounds_text(double least, double most) {
    if (least > -no_bound && most < no_bound) return fmt::format("a number from {} to {}", least, most);
    if (least > -no_bound) return fmt::format("a number of at least {}", least);
    if (most < no_bound) return fmt::format("a number of at most {}", most);
    return "a number";
}

bool is_number(const Node& node) { return node.kind == Node::Kind::integer || node.kind == Node::Kind::number; }

}  // namespace

std::nullopt_t Item::must_be(std::string_view expected, std::string hint) const {
    return wrong(fmt::format("\"{}\" must be {}, and this is {}", key, expected, kind_name(node.kind)),
                 std::move(hint));
}

std::nullopt_t Item::wrong(std::string message, std::string hint) const {
    problems.error(node.where, std::move(message), std::move(hint));
    return std::nullopt;
}

bool check_is_table(const Node& node, std::string_view path, Problems& problems) {
    if (node.is_table()) return true;
    const auto hint = node.is_text("remove") ? "nothing is inherited under this name, so nothing can be removed" : "";
    problems.error(node.where, fmt::format("[{}] must be a table, and this is {}", path, kind_name(node.kind)), hint);
    return false;
}

TableReader::TableReader(const Node& table, std::string path, Problems& problems)
    : table_(&table), path_(std::move(path)), problems_(problems) {}

const Node* TableReader::claim(std::string_view key) {
    asked_.insert(std::string{key});
    problems_.keys.insert(child(key));
    return table_->find(key);
}

const Position& TableReader::where(std::string_view key) const {
    const Node* node = table_->find(key);
    return node ? node->where : table_->where;
}

std::string TableReader::child(std::string_view key) const {
    return path_.empty() ? std::string{key} : fmt::format("{}.{}", path_, key);
}

void TableReader::complain_missing(std::string_view key) {
    problems_.error(table_->where, fmt::format("\"{}\" is missing", key),
                    path_.empty() ? "" : fmt::format("[{}] needs it", path_));
}

void TableReader::complain_unknown(const Entry& entry) {
    const std::vector<std::string_view> names(asked_.begin(), asked_.end());
    const auto message = fmt::format("unknown key \"{}\"", shown(entry.key));
    const auto as_file = entry.key + "_file";
    if (asked_.contains(as_file))
        return problems_.error(entry.where, message, fmt::format("secrets are read from a file: use \"{}\"", as_file));
    const auto meant = nearest(entry.key, names);
    if (!meant.empty()) return problems_.error(entry.where, message, fmt::format("did you mean \"{}\"?", meant));
    const bool few = names.size() <= 12;
    problems_.error(entry.where, message, few ? "known here: " + list_of(names) : "");
}

void TableReader::finish() {
    for (const auto& entry : table_->entries)
        if (!asked_.contains(entry.key)) complain_unknown(entry);
}

std::vector<const Entry*> TableReader::named(std::string_view key, std::size_t most, Names names) {
    const Node* node = claim(key);
    std::vector<const Entry*> result;
    if (!node) return result;
    if (!node->is_table()) {
        problems_.error(node->where,
                        fmt::format("[{}.NAME] must be tables, and this is {}", child(key), kind_name(node->kind)));
        return result;
    }
    if (node->entries.size() > most) {
        problems_.error(node->where, fmt::format("more than {} tables [{}.NAME]", most, child(key)));
        return result;
    }
    for (const auto& entry : node->entries) {
        const bool fits = names == Names::strict ? is_name(entry.key) : is_loose_name(entry.key);
        if (fits)
            result.push_back(&entry);
        else if (names == Names::strict)
            problems_.error(entry.where, "a name has small letters, digits and underscores, and begins with a letter");
        else
            problems_.error(entry.where, "a name has letters, digits, underscores and dashes");
    }
    return result;
}

std::vector<const Node*> TableReader::listed(std::string_view key, std::size_t most) {
    const Node* node = claim(key);
    std::vector<const Node*> result;
    if (!node) return result;
    if (node->kind != Node::Kind::list) {
        const auto hint = fmt::format("write [[{}]]", child(key));
        problems_.error(node->where,
                        fmt::format("\"{}\" must be a list of tables, and this is {}", key, kind_name(node->kind)),
                        hint);
        return result;
    }
    if (node->items.size() > most) {
        problems_.error(node->where, fmt::format("more than {} tables [[{}]]", most, child(key)));
        return result;
    }
    for (const auto& item : node->items) result.push_back(&item);
    return result;
}

bool is_name(std::string_view text) {
    const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto fits = [&](char c) { return is_small(c) || (c >= '0' && c <= '9') || c == '_'; };
    return !text.empty() && text.size() <= most_name_bytes && is_small(text[0]) &&
           std::all_of(text.begin(), text.end(), fits);
}

bool is_loose_name(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= most_name_bytes && std::all_of(text.begin(), text.end(), fits);
}

std::optional<double> number::operator()(const Item& item) const {
    if (!is_number(item.node)) return item.must_be(bounds_text(least, most));
    if (item.node.number >= least && item.node.number <= most) return item.node.number;
    return item.wrong(fmt::format("\"{}\" must be {}", item.key, bounds_text(least, most)));
}

std::optional<double> above::operator()(const Item& item) const {
    const auto expected = fmt::format("a number greater than {}", bound);
    if (!is_number(item.node)) return item.must_be(expected);
    if (item.node.number > bound) return item.node.number;
    return item.wrong(fmt::format("\"{}\" must be {}", item.key, expected));
}

std::optional<int> integer::operator()(const Item& item) const {
    if (item.node.kind != Node::Kind::integer) return item.must_be("a whole number");
    if (item.node.integer >= least && item.node.integer <= most) return static_cast<int>(item.node.integer);
    return item.wrong(fmt::format("\"{}\" must be a whole number from {} to {}", item.key, least, most));
}

std::optional<bool> boolean::operator()(const Item& item) const {
    if (item.node.kind != Node::Kind::boolean) return item.must_be("true or false");
    return item.node.boolean;
}

std::optional<std::string> text::operator()(const Item& item) const {
    if (item.node.kind != Node::Kind::text) return item.must_be("a text");
    if (item.node.text.empty() && !may_be_empty) return item.wrong(fmt::format("\"{}\" must not be empty", item.key));
    return item.node.text;
}

std::optional<Seconds> duration::operator()(const Item& item) const {
    constexpr auto examples = "durations look like \"36h\", \"14d\" or \"8w\"";
    if (item.node.kind != Node::Kind::text) return item.must_be("a duration", examples);
    const auto span = parse_duration(item.node.text);
    if (!span) return item.wrong(fmt::format("\"{}\" must be a duration", item.key), examples);
    if (*span >= least) return *span;
    return item.wrong(fmt::format("\"{}\" must be at least {}", item.key, format_duration(least)));
}

std::optional<double> duration_in_days::operator()(const Item& item) const {
    const auto span = duration{least}(item);
    if (!span) return std::nullopt;
    return in_days(*span);
}

std::optional<double> days_or_duration::operator()(const Item& item) const {
    if (is_number(item.node)) return number{.least = least}(item);
    const auto days = duration_in_days{}(item);
    if (days && *days < least) return item.wrong(fmt::format("\"{}\" must be at least {} days", item.key, least));
    return days;
}

std::optional<Day> day::operator()(const Item& item) const {
    if (item.node.kind == Node::Kind::day) return item.node.day;
    if (item.node.kind != Node::Kind::text) return item.must_be("a date", "dates look like 2026-03-01");
    const auto parsed = parse_day(item.node.text);
    if (!parsed) return item.wrong(fmt::format("\"{}\" must be a date", item.key), "dates look like 2026-03-01");
    return parsed;
}

std::optional<std::string> time_of_day::operator()(const Item& item) const {
    if (item.node.kind != Node::Kind::text) return item.must_be("a time of day", "as in \"08:00\"");
    const auto& value = item.node.text;
    const bool fits = value.size() == 5 && parse_moment("2000-01-01 " + value).has_value();
    if (!fits) return item.wrong(fmt::format("\"{}\" must be a time of day", item.key), "as in \"08:00\"");
    return value;
}

bool check_list_count(const Item& item, std::size_t least, std::size_t most) {
    const auto count = item.node.items.size();
    if (count < least)
        item.wrong(fmt::format("\"{}\" needs at least {} {}", item.key, least, least == 1 ? "entry" : "entries"));
    if (count > most) item.wrong(fmt::format("\"{}\" has {} entries; at most {} are allowed", item.key, count, most));
    return count >= least && count <= most;
}

std::optional<std::size_t> choose(const Item& item, const std::vector<std::string_view>& names) {
    const auto all = "one of: " + list_of(names);
    if (item.node.kind != Node::Kind::text) return item.must_be("a text", all);
    const auto found = std::find(names.begin(), names.end(), item.node.text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    const auto meant = nearest(item.node.text, names);
    return item.wrong(fmt::format("\"{}\" cannot be \"{}\"", item.key, shown(item.node.text)),
                      meant.empty() ? all : fmt::format("did you mean \"{}\"?", meant));
}

}  // namespace retaind::config
