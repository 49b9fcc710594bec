#include <algorithm>

#include <fmt/format.h>

#include "edge/config/pack.hpp"

namespace retaind::config {
namespace {

/// The signal that an error of the core quotes as unknown; "" when it is about something else.
std::string_view unknown_signal(std::string_view message) {
    constexpr std::string_view before = "has no field \"", subject = "customer.", ending = ".score";
    const auto at = message.find(before);
    if (at == message.npos || !message.ends_with('"')) return "";
    auto name = message.substr(at + before.size());
    name.remove_suffix(1);
    if (name.starts_with(subject)) name.remove_prefix(subject.size());
    if (name.ends_with(ending)) name.remove_suffix(ending.size());
    return name;
}

/// The core counts columns in the text as it reads; the file may hold escapes and several lines. Nor does it know what
/// was removed.
Error placed(Error error, const Item& item) {
    error.where = item.problems.inside(item.node.where, error.where.column - 1);
    auto hint = item.problems.hint_for_missing("signal", unknown_signal(error.message), "");
    if (!hint.empty()) error.hint = std::move(hint);
    return error;
}

Position first_column() { return {"", 1, 1}; }

std::optional<std::pair<double, double>> read_point(const Item& item, double lowest, double highest) {
    if (item.node.kind != Node::Kind::list || item.node.items.size() != 2)
        return item.must_be("pairs [x, y]"), std::nullopt;
    const auto x = number{}(item.of(item.node.items[0]));
    const auto y = number{.least = lowest, .most = highest}(item.of(item.node.items[1]));
    if (!x || !y) return std::nullopt;
    return std::pair{*x, *y};
}

}  // namespace

const std::vector<std::string_view> roles = {"account_manager", "deputy", "lead", "seller", "keeper", "ops"};

const one_of<Severity> severities{
    {{"info", Severity::info}, {"warning", Severity::warning}, {"critical", Severity::critical}}};

const one_of<Scope> scopes{{{"customer", Scope::customer},
                            {"promise", Scope::promise},
                            {"segment", Scope::segment},
                            {"portfolio", Scope::portfolio},
                            {"source", Scope::source}}};

namespace {

/// A name that only an open list of columns lets pass may well be a slip.
void warn_of_guess(const Field& field, const FieldCatalogue& catalogue, const Position& where, Problems& problems) {
    const auto& known = catalogue.attributes;
    if (field.kind != Field::Kind::attribute || std::find(known.begin(), known.end(), field.name) != known.end())
        return;
    auto hint = problems.hint_for_missing("signal", field.name, catalogue.suggestion(field.name));
    if (!hint.empty())
        problems.warning(where, fmt::format("\"{}\" is taken for a column of customers", field.name), std::move(hint));
}

}  // namespace

std::optional<Condition> condition::operator()(const Item& item) const {
    if (item.node.kind != Node::Kind::text) return item.must_be("conditions, each a text", "as in [\"health < 40\"]");
    const auto where = first_column();
    auto parsed = parse_condition(item.node.text, catalogue, where);
    if (!parsed) {
        item.problems.error(placed(parsed.error(), item));
        return std::nullopt;
    }
    parsed->where = item.problems.inside(item.node.where, parsed->where.column - 1);
    for (const auto& field : fields_of(*parsed)) warn_of_guess(field, catalogue, parsed->where, item.problems);
    return *parsed;
}

std::optional<std::vector<Condition>> conditions::operator()(const Item& item) const {
    return list{condition{catalogue}, 1, most_conditions}(item);
}

std::optional<Template> template_text::operator()(const Item& item) const {
    if (item.node.kind != Node::Kind::text) return item.must_be("a text");
    auto parsed = parse_template(item.node.text, catalogue, first_column());
    if (!parsed) {
        item.problems.error(placed(parsed.error(), item));
        return std::nullopt;
    }
    parsed->where = item.node.where;
    for (const auto& part : parsed->parts)
        if (const auto* hole = std::get_if<Template::Hole>(&part))
            warn_of_guess(hole->field, catalogue, parsed->where, item.problems);
    return *parsed;
}

std::optional<PointList> points::operator()(const Item& item) const {
    if (item.node.kind != Node::Kind::list) return item.must_be("a list of pairs", "as in [[0, 0], [1, 100]]");
    if (!check_list_count(item, least, most_points)) return std::nullopt;
    PointList result;
    for (const auto& part : item.node.items) {
        const auto point = read_point(item.of(part), lowest, highest);
        if (!point) return std::nullopt;
        if (!result.empty() && point->first <= result.back().first)
            return item.of(part).wrong(
                fmt::format("\"{}\" must rise: {} comes after {}", item.key, point->first, result.back().first));
        result.push_back(*point);
    }
    return result;
}

std::optional<Field> numeric_field::operator()(const Item& item) const {
    if (item.node.kind != Node::Kind::text) return item.must_be("the name of a field");
    auto field = pack.customer().resolve(item.node.text);
    if (!field) {
        const auto meant = pack.customer().suggestion(item.node.text);
        return item.wrong(fmt::format("a customer has no field \"{}\"", item.node.text),
                          item.problems.hint_for_missing("signal", item.node.text, meant));
    }
    if (field->typed && field->type != ValueType::number)
        return item.wrong(fmt::format("\"{}\" is not a number", item.node.text));
    field->type = ValueType::number;
    return field;
}

std::optional<int> name_of::operator()(const Item& item) const {
    if (item.node.kind != Node::Kind::text) return item.must_be(fmt::format("the name of a {}", kind));
    const int index = index_of(names, item.node.text);
    if (index >= 0) return index;
    const std::vector<std::string_view> views(names.begin(), names.end());
    const auto meant = nearest(item.node.text, views);
    return item.wrong(fmt::format("there is no {} \"{}\"", kind, shown(item.node.text)),
                      item.problems.hint_for_missing(kind, item.node.text, meant));
}

namespace {

/// Who is asked about a segment or a feed is nobody's account manager.
bool is_role_of(std::string_view role, Scope scope) {
    if (role == "lead" || role == "ops") return true;
    if (role == "keeper") return scope == Scope::promise;
    return scope == Scope::customer || scope == Scope::promise;
}

}  // namespace

std::optional<std::vector<std::string>> audience::operator()(const Item& item) const {
    const auto names = list{text{}, 1}(item);
    if (!names) return std::nullopt;
    const auto& receivers = pack.options.receivers;
    std::vector<std::string_view> known(roles.begin(), roles.end());
    if (receivers) known.insert(known.end(), receivers->begin(), receivers->end());
    for (std::size_t i = 0; i < item.node.items.size(); ++i) {
        const auto part = item.of(item.node.items[i]);
        const auto& name = part.node.text;
        const bool is_role = std::find(roles.begin(), roles.end(), name) != roles.end();
        const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
        const auto meant = nearest(name, known);
        if (!is_known && (receivers || !meant.empty()))
            part.wrong(fmt::format("there is no role or receiver \"{}\"", shown(name)),
                       meant.empty() ? "roles: account_manager, deputy, lead, seller, keeper, ops"
                                     : fmt::format("did you mean \"{}\"?", meant));
        else if (is_role && !is_role_of(name, scope))
            part.wrong(fmt::format("{} has no {}", scope_fields_name(scope), name),
                       name == "keeper" ? "only promises have a keeper" : "lead and ops are there for all");
    }
    return names;
}

int index_of(const std::vector<std::string>& sorted, std::string_view name) {
    const auto found = std::lower_bound(sorted.begin(), sorted.end(), name);
    return found == sorted.end() || *found != name ? -1 : static_cast<int>(found - sorted.begin());
}

bool depends_on_scores(const Field& field) {
    if (field.kind == Field::Kind::signal_score) return true;
    if (field.kind != Field::Kind::builtin) return false;
    const auto reads = field_spec(field).reads;
    return reads.find("health") != std::string_view::npos || reads.find("risk") != std::string_view::npos;
}

bool is_signal(const Field& field) {
    return field.kind == Field::Kind::signal_raw || field.kind == Field::Kind::signal_score;
}

}  // namespace retaind::config
