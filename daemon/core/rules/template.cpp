#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "retaind/base/text.hpp"
#include "retaind/base/time.hpp"
#include "retaind/rules/condition.hpp"

namespace retaind {
namespace {

constexpr std::array<std::pair<std::string_view, Format>, 4> formats{
    {{"money", Format::money}, {"date", Format::date}, {"percent", Format::percent}, {"days", Format::days}}};

std::optional<Format> parse_format(std::string_view name) {
    for (const auto& [known, format] : formats)
        if (known == name) return format;
    return std::nullopt;
}

std::string_view unit_of(const Field& field) {
    return field.kind == Field::Kind::builtin ? field_spec(field).unit : std::string_view{};
}

/// Whether a format says something true about a field. Signals and attributes have no unit: their author knows.
bool fits(Format format, const Field& field) {
    if (field.kind != Field::Kind::builtin)
        return format != Format::date && (field.type == ValueType::number || !field.typed);
    const auto unit = unit_of(field);
    switch (format) {
        case Format::money: return unit == "money";
        case Format::date: return unit == "date";
        case Format::percent: return unit == "0..1" || unit == "1";
        case Format::days: return unit == "days";
        default: return true;
    }
}

Format specific(Format format, const Field& field) {
    const bool is_behind =
        field.kind == Field::Kind::builtin && field.scope == Scope::promise && field.name == "days_behind";
    if (format == Format::days && !is_behind) return Format::day_count;
    if (format == Format::plain && unit_of(field) == "date") return Format::date;
    return format;
}

class TemplateParser {
public:
    TemplateParser(std::string_view text, const FieldCatalogue& catalogue, const Position& where)
        : text_(text), catalogue_(catalogue), where_(where) {}

    Result<Template> parse() {
        Template result{.text = std::string{text_}, .where = where_};
        std::string literal;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            const bool doubled = at_ + 1 < text_.size() && text_[at_ + 1] == c;
            if (c == '{' && !doubled) {
                if (!literal.empty()) result.parts.emplace_back(std::exchange(literal, {}));
                auto hole = parse_hole();
                if (!hole) return hole.error();
                result.parts.emplace_back(std::move(hole.value()));
                continue;
            }
            literal += c;
            at_ += (c == '{' || c == '}') && doubled ? 2 : 1;
        }
        if (!literal.empty()) result.parts.emplace_back(std::move(literal));
        return result;
    }

private:
    Error error(std::size_t at, std::string message, std::string hint = {}) const {
        Position position = where_;
        if (position.column > 0) position.column += characters(text_.substr(0, at));
        return Error{.message = std::move(message), .hint = std::move(hint), .where = position};
    }

    Result<Template::Hole> parse_hole() {
        const std::size_t start = at_ + 1;
        const auto end = text_.find('}', start);
        if (end == std::string_view::npos)
            return error(at_, "this brace is never closed", "write {{ for a brace itself");
        const auto inside = text_.substr(start, end - start);
        const auto colon = inside.find(':');
        const auto name = inside.substr(0, colon);
        at_ = end + 1;
        const auto field = catalogue_.resolve(name);
        if (!field) return unknown_name(start, name);
        if (colon == std::string_view::npos) return Template::Hole{*field, specific(Format::plain, *field)};
        return formatted(*field, inside.substr(colon + 1), start + colon + 1);
    }

    Error unknown_name(std::size_t at, std::string_view name) const {
        const auto suggestion = catalogue_.suggestion(name);
        return error(at, fmt::format("{} has no field \"{}\"", subject_of(catalogue_), name),
                     suggestion.empty() ? "" : fmt::format("did you mean {{{}}}?", suggestion));
    }

    Result<Template::Hole> formatted(const Field& field, std::string_view name, std::size_t at) const {
        const auto format = parse_format(name);
        if (!format)
            return error(at, fmt::format("there is no format \"{}\"", name), "one of money, date, percent, days");
        if (!fits(*format, field))
            return error(at, fmt::format("\"{}\" cannot be written as {}", field.name, name),
                         unit_of(field).empty() ? "" : fmt::format("its unit is {}", unit_of(field)));
        return Template::Hole{field, specific(*format, field)};
    }

    std::string_view text_;
    const FieldCatalogue& catalogue_;
    const Position& where_;
    std::size_t at_ = 0;
};

std::string with_separators(double number, int decimals) {
    auto text = fmt::format("{:.{}f}", std::abs(number), decimals);
    for (auto at = static_cast<std::ptrdiff_t>(std::min(text.find('.'), text.size())) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), ",");
    const bool is_zero = text.find_first_not_of("0.,") == std::string::npos;
    return number < 0 && !is_zero ? "-" + text : text;
}

std::string money(double amount, std::string_view currency) {
    constexpr double whole_from = 1000;
    const bool has_cents = std::abs(amount - std::round(amount)) >= 0.005;
    const auto text = with_separators(amount, std::abs(amount) < whole_from && has_cents ? 2 : 0);
    return currency.empty() ? text : fmt::format("{} {}", text, currency);
}

std::string percent(double share) {
    const double hundredths = share * 100;
    const double shown = std::abs(hundredths) < 10 ? std::round(hundredths * 10) / 10 : std::round(hundredths);
    return fmt::format("{} %", format_number(shown));
}

std::string date(double days_since_1970) {
    using std::chrono::days;
    const Day first{std::chrono::year{first_year} / 1 / 1}, last{std::chrono::year{last_year} / 12 / 31};
    const double from = in_days(first.time_since_epoch()), to = in_days(last.time_since_epoch());
    if (!(days_since_1970 >= from && days_since_1970 <= to)) return "unknown";
    return format_day(Day{days{static_cast<int>(std::floor(days_since_1970))}});
}

std::string day_count(double number) {
    const double whole = std::round(number);
    return fmt::format("{} {}", format_number(whole), std::abs(whole) == 1 ? "day" : "days");
}

std::string behind(double number) {
    const double whole = std::round(number);
    if (whole == 0) return "on schedule";
    return day_count(std::abs(whole)) + (whole > 0 ? " behind" : " ahead");
}

std::string number_as(double number, Format format, std::string_view currency) {
    switch (format) {
        case Format::money: return money(number, currency);
        case Format::date: return date(number);
        case Format::percent: return percent(number);
        case Format::days: return behind(number);
        case Format::day_count: return day_count(number);
        case Format::plain: break;
    }
    return format_number(number);
}

}  // namespace

Result<Template> parse_template(std::string_view text, const FieldCatalogue& catalogue, const Position& where) {
    return TemplateParser{text, catalogue, where}.parse();
}

std::string render(const Template& text, const FieldValues& values, std::string_view currency) {
    std::string result;
    for (const auto& part : text.parts) {
        if (const auto* literal = std::get_if<std::string>(&part)) {
            result += *literal;
        } else {
            const auto& hole = std::get<Template::Hole>(part);
            result += format_value(values.value(hole.field), hole.format, currency);
        }
    }
    return result;
}

std::string format_value(const Value& value, Format format, std::string_view currency) {
    switch (value.kind) {
        case Value::Kind::none: return "unknown";
        case Value::Kind::text: return std::string{value.text};
        case Value::Kind::boolean: return value.boolean ? "yes" : "no";
        case Value::Kind::number: break;
    }
    return number_as(value.number, format, currency);
}

}  // namespace retaind
