#include "edge/config/document.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <tuple>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "edge/config/guard.hpp"
#include "edge/config/limits.hpp"

namespace retaind::config {
namespace {

std::string iso_text(const toml::date_time& moment) {
    const auto& [date, time, offset] = moment;
    std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", date.year, date.month, date.day, time.hour,
                                   time.minute, time.second);
    if (!offset) return text;
    const int minutes = std::abs(offset->minutes);
    return text + fmt::format("{}{:02}:{:02}", offset->minutes < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

int as_int(toml::source_index index) { return static_cast<int>(std::min<toml::source_index>(index, 1u << 30)); }

class Converter {
public:
    Converter(const std::string& file, Problems& problems) : file_(file), problems_(problems) {}

    Node convert(const toml::node& from, Position fallback, int depth = 0) {
        Node to{.where = position(from.source(), fallback)};
        if (depth > most_nesting) {
            problems_.error(to.where, fmt::format("more than {} levels of nesting", most_nesting));
        } else if (const auto* table = from.as_table()) {
            convert_table(*table, to, depth);
        } else if (const auto* array = from.as_array()) {
            to.kind = Node::Kind::list;
            for (const auto& item : *array) to.items.push_back(convert(item, to.where, depth + 1));
        } else {
            convert_value(from, to);
        }
        return to;
    }

private:
    Position position(const toml::source_region& source, const Position& fallback) const {
        if (source.begin.line == 0) return fallback;
        return {file_, as_int(source.begin.line), as_int(source.begin.column)};
    }

    void convert_table(const toml::table& from, Node& to, int depth) {
        to.kind = Node::Kind::table;
        for (const auto& [key, value] : from) {
            Entry entry{.key = std::string{key.str()}, .where = position(key.source(), to.where)};
            entry.value = convert(value, entry.where, depth + 1);
            to.entries.push_back(std::move(entry));
        }
        std::stable_sort(to.entries.begin(), to.entries.end(), [](const Entry& a, const Entry& b) {
            return std::tie(a.where.line, a.where.column) < std::tie(b.where.line, b.where.column);
        });
    }

    void convert_value(const toml::node& from, Node& to) {
        if (const auto text = from.value_exact<std::string>()) {
            to.kind = Node::Kind::text;
            to.text = *text;
            if (to.text.size() > most_text_bytes || to.text.find('\0') != std::string::npos)
                problems_.error(to.where,
                                fmt::format("a text is too long (over {} bytes) or holds a NUL", most_text_bytes));
        } else if (const auto integer = from.value_exact<std::int64_t>()) {
            to.kind = Node::Kind::integer;
            to.integer = *integer;
            to.number = static_cast<double>(*integer);
        } else if (const auto number = from.value_exact<double>()) {
            to.kind = Node::Kind::number;
            to.number = *number;
            if (!std::isfinite(*number)) problems_.error(to.where, "a number must be finite");
        } else if (const auto boolean = from.value_exact<bool>()) {
            to.kind = Node::Kind::boolean;
            to.boolean = *boolean;
        } else {
            convert_date(from, to);
        }
    }

    void convert_date(const toml::node& from, Node& to) {
        const auto date = from.value_exact<toml::date>();
        to.kind = date ? Node::Kind::day : Node::Kind::moment;
        if (const auto moment = from.value_exact<toml::date_time>()) to.text = iso_text(*moment);
        if (!date) return;
        const auto day = parse_day(fmt::format("{:04}-{:02}-{:02}", date->year, date->month, date->day));
        if (day)
            to.day = *day;
        else
            problems_.error(to.where, fmt::format("a date must lie between {} and {}", first_year, last_year));
    }

    const std::string& file_;
    Problems& problems_;
};

/// The library quotes what it stumbled over; on a line with a secret that may be the secret, in another kind of file
/// anything.
Error syntax_error(const toml::parse_error& error, std::string_view text, const std::string& file) {
    Position where{file, as_int(error.source().begin.line), as_int(error.source().begin.column)};
    if (where.line < 1) where = {file, 1, 1};
    if (where.column < 1) where.column = 1;
    const bool hide = is_sensitive(line_of(text, where.line)) || !may_quote(file);
    return {.message = hide ? "this is not valid TOML" : fmt::format("this is not valid TOML: {}", error.description()),
            .hint = "nothing else in this file was checked",
            .where = where};
}

/// The whole file, or as much as shows that it is too large; nothing when it cannot be read.
std::optional<std::string> read_text(const std::string& file) {
    std::ifstream stream{file, std::ios::binary};
    if (!stream) return std::nullopt;
    std::string text, block(64u << 10, '\0');
    while (text.size() <= most_file_bytes && stream) {
        stream.read(block.data(), static_cast<std::streamsize>(block.size()));
        text.append(block, 0, static_cast<std::size_t>(stream.gcount()));
    }
    if (stream.bad()) return std::nullopt;
    return text;
}

std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        if (static_cast<unsigned char>(c) < 0x20)
            result += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
        else
            result += c;
    }
    return result + '"';
}

std::string canonical_list(const Node& node) {
    std::string result = "[";
    for (const auto& item : node.items) result += (result.size() > 1 ? "," : "") + canonical_text(item);
    return result + "]";
}

std::string canonical_table(const Node& node) {
    std::vector<const Entry*> entries;
    for (const auto& entry : node.entries) entries.push_back(&entry);
    std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->key < b->key; });
    std::string result = "{";
    for (const auto* entry : entries)
        result += (result.size() > 1 ? "," : "") + in_quotes(entry->key) + "=" + canonical_text(entry->value);
    return result + "}";
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    const auto found =
        std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
    return found == entries.end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

std::string_view kind_name(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::text: return "a text";
        case Node::Kind::integer: return "a whole number";
        case Node::Kind::number: return "a number";
        case Node::Kind::boolean: return "true or false";
        case Node::Kind::day: return "a date";
        case Node::Kind::moment: return "a time";
        case Node::Kind::list: return "a list";
        case Node::Kind::table: return "a table";
    }
    return "";
}

std::optional<Node> parse_document(std::string text, const std::string& file, Problems& problems) {
    problems.add_source(file, std::move(text));
    const std::string_view source = problems.sources().find(file)->second;
    if (auto excess = find_excess(source, file)) {
        problems.error(*excess);
        return std::nullopt;
    }
    try {
        const auto table = toml::parse(source, std::string_view{file});
        return Converter{file, problems}.convert(table, {file, 1, 1});
    } catch (const toml::parse_error& error) {
        problems.error(syntax_error(error, source, file));
    } catch (const std::exception&) {
        problems.error({file, 1, 1}, "this is not valid TOML");
    }
    return std::nullopt;
}

bool lies_below(const std::string& file, const std::string& folder) {
    std::error_code trouble;
    const auto real = [&](const std::string& path) {
        return std::filesystem::weakly_canonical(std::filesystem::absolute(path.empty() ? "." : path, trouble),
                                                 trouble);
    };
    const auto rest = real(file).lexically_relative(real(folder));
    return !rest.empty() && *rest.begin() != "..";
}

std::optional<std::string> read_source(const std::string& file, const Position& asked_at, Problems& problems) {
    const auto where = asked_at.file.empty() ? Position{file, 0, 0} : asked_at;
    if (const auto given = problems.given.find(file); given != problems.given.end()) return given->second;
    std::error_code trouble;
    if (!std::filesystem::is_regular_file(file, trouble)) {
        problems.error(where, fmt::format("there is no file {}", is_sensitive(file) ? "..." : file), "check the path");
        return std::nullopt;
    }
    auto text = read_text(file);
    if (!text)
        problems.error(where, fmt::format("the file {} cannot be read", file), "check its owner and permissions");
    return text;
}

std::optional<Node> read_document(const std::string& file, const Position& asked_at, Problems& problems) {
    auto text = read_source(file, asked_at, problems);
    if (!text) return std::nullopt;
    return parse_document(std::move(*text), file, problems);
}

std::string canonical_text(const Node& node) {
    switch (node.kind) {
        case Node::Kind::text: return in_quotes(node.text);
        case Node::Kind::integer:
        case Node::Kind::number: return fmt::format("{}", node.number == 0 ? 0.0 : node.number);
        case Node::Kind::boolean: return node.boolean ? "true" : "false";
        case Node::Kind::day: return format_day(node.day);
        case Node::Kind::moment: return in_quotes(node.text);
        case Node::Kind::list: return canonical_list(node);
        case Node::Kind::table: return canonical_table(node);
    }
    return "";
}

}  // namespace retaind::config
