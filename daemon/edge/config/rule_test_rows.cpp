// Rows of a rule test: inline tables, or a CSV file.
#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "edge/config/rule_test_reader.hpp"
#include "retaind/rules/fields.hpp"

namespace retaind::config {
namespace {

std::optional<CellType> type_of(const DatasetSpec& spec, std::string_view column) {
    if (const auto* known = find_column(spec, column)) return known->type;
    return spec.is_open ? std::optional{CellType::attribute} : std::nullopt;
}

void complain_unknown(const DatasetSpec& spec, std::string_view column, const Position& where, Problems& problems,
                      std::string_view place = "") {
    std::vector<std::string_view> names;
    std::string all;
    for (const auto& each : spec.columns) {
        names.push_back(each.name);
        all += fmt::format("{}{}", all.empty() ? "" : ", ", each.name);
    }
    const auto meant = nearest(column, names);
    problems.error(where, fmt::format("{}{} have no column \"{}\"", place, spec.name, shown(column)),
                   meant.empty() ? "there are " + all : fmt::format("did you mean \"{}\"?", meant));
}

/// Each type of cell is written as TOML writes it, or as the text that a database would send.
std::string_view expected_of(CellType type) {
    switch (type) {
        case CellType::text: return "a text";
        case CellType::number:
        case CellType::money: return "a number";
        case CellType::day: return "a date";
        case CellType::moment: return "a date or a time";
        case CellType::flag: return "true or false";
        case CellType::attribute: return "a text, a number, a date, true or false";
    }
    return "";
}

bool is_written_as(const Node& node, CellType type) {
    const bool is_number = node.kind == Node::Kind::integer || node.kind == Node::Kind::number;
    const bool is_date = node.kind == Node::Kind::day || (node.kind == Node::Kind::moment && !node.text.empty());
    if (node.kind == Node::Kind::text) return true;
    switch (type) {
        case CellType::text: return node.kind == Node::Kind::integer;  // ids are often numbers
        case CellType::number:
        case CellType::money: return is_number;
        case CellType::day:
        case CellType::moment: return is_date;
        case CellType::flag: return node.kind == Node::Kind::boolean || node.kind == Node::Kind::integer;
        case CellType::attribute: return is_number || is_date || node.kind == Node::Kind::boolean;
    }
    return false;
}

std::string cell_text(const Node& node) {
    switch (node.kind) {
        case Node::Kind::integer: return fmt::format("{}", node.integer);
        case Node::Kind::number: return fmt::format("{}", node.number);
        case Node::Kind::boolean: return node.boolean ? "true" : "false";
        case Node::Kind::day: return format_day(node.day);
        default: return node.text;
    }
}

std::optional<TestRow> read_row(const Item& item, const DatasetSpec& spec) {
    if (!item.node.is_table()) return item.must_be("a list of rows", "as in [{ customer_id = \"c1\" }]"), std::nullopt;
    TestRow row{.where = item.node.where};
    for (const auto& [column, where, cell] : item.node.entries) {
        const auto type = type_of(spec, column);
        if (!type)
            complain_unknown(spec, column, where, item.problems);
        else if (!is_written_as(cell, *type))
            Item{column, cell, item.problems}.must_be(expected_of(*type));
        row.cells.emplace(column, cell_text(cell));
    }
    return row;
}

/// What a database would refuse as NULL is a slip of whoever writes a test.
void check_required(const TestRow& row, const DatasetSpec& spec, Problems& problems) {
    for (const auto& column : spec.columns)
        if (column.required && !column.nullable && !row.cells.contains(column.name))
            problems.error(row.where, fmt::format("\"{}\" is missing", column.name),
                           fmt::format("every row of {} has it", spec.name));
}

// -- CSV --------------------------------------------------------------------------------------------------------------

/// Lines of cells as RFC 4180 has them: commas, quotes doubled inside quotes, any line end.
class Csv {
public:
    explicit Csv(std::string_view text) : text_(text) {
        if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    }

    bool done() const { return at_ >= text_.size(); }
    int line() const { return line_; }  ///< in which the next record begins

    /// The next record; nothing when a quote is never closed, or is followed by more than a comma.
    std::optional<std::vector<std::string>> next() {
        std::vector<std::string> cells;
        for (;;) {
            auto cell = next_cell();
            if (!cell) return std::nullopt;
            cells.push_back(std::move(*cell));
            if (peek() != ',') break;
            ++at_;
        }
        if (peek() == '\r') ++at_;
        if (!done() && peek() != '\n') return std::nullopt;
        ++at_;
        ++line_;
        return cells;
    }

private:
    char peek() const { return done() ? '\0' : text_[at_]; }

    std::optional<std::string> next_cell() {
        if (peek() != '"') {
            const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
            return std::string{text_.substr(std::exchange(at_, end), end - at_)};
        }
        std::string cell;
        for (++at_; !done(); ++at_) {
            if (peek() == '\n') ++line_;
            if (peek() != '"') {
                cell += peek();
            } else if (++at_; peek() != '"') {
                return cell;
            } else {
                cell += '"';
            }
        }
        return std::nullopt;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
};

bool looks_like_column(std::string_view name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= 63 && is_letter(name[0]) && std::ranges::all_of(name, fits);
}

/// What does not look like a name is not repeated: the file may be another than was meant.
bool check_header(const CsvTable& table, const DatasetSpec& spec, Problems& problems) {
    const Position where{table.file, 1, 1};
    std::set<std::string_view> seen;
    bool well = true;
    for (std::size_t i = 0; i < table.header.size(); ++i) {
        const auto& name = table.header[i];
        const bool is_name = looks_like_column(name), is_known = type_of(spec, name).has_value();
        const bool is_new = seen.insert(name).second;
        if (!is_name)
            problems.error(where, fmt::format("column {} has no name", i + 1),
                           "the first line names the columns, with letters, digits and underscores");
        else if (!is_known)
            complain_unknown(spec, name, where, problems, fmt::format("column {}: ", i + 1));
        else if (!is_new)
            problems.error(where, fmt::format("column {}: \"{}\" is there twice", i + 1, name));
        well = well && is_name && is_known && is_new;
    }
    return well;
}

std::optional<std::vector<TestRow>> rows_of(const CsvTable& table, const DatasetSpec& spec, Problems& problems) {
    if (!check_header(table, spec, problems)) return std::nullopt;
    std::vector<TestRow> rows;
    for (const auto& line : table.lines) {
        TestRow row{.where = {table.file, line.number, 1}};
        for (std::size_t i = 0; i < line.cells.size(); ++i)
            if (!line.cells[i].empty()) row.cells.emplace(table.header[i], line.cells[i]);
        rows.push_back(std::move(row));
    }
    return rows;
}

bool check_count(std::size_t rows, const Item& item) {
    if (rows > most_test_rows) item.wrong(fmt::format("\"{}\" has more than {} rows", item.key, most_test_rows));
    return rows <= most_test_rows;
}

std::vector<TestRow> rows_of(const Item& item, const DatasetSpec& spec) {
    std::vector<TestRow> rows;
    for (const auto& node : item.node.items)
        if (auto row = read_row(item.of(node), spec)) rows.push_back(std::move(*row));
    return rows;
}

}  // namespace

const CsvTable* CsvFiles::read(const Item& item) {
    const auto file = (std::filesystem::path{directory_} / item.node.text).lexically_normal().string();
    auto known = tables_.find(file);
    if (known == tables_.end()) known = tables_.emplace(file, read_file(file, item)).first;
    return known->second ? &*known->second : nullptr;
}

std::optional<CsvTable> CsvFiles::read_file(const std::string& file, const Item& item) const {
    if (!lies_below(file, directory_))
        return item.wrong(fmt::format("\"{}\" names a file that lies elsewhere", item.key),
                          "put it beside the file of tests, or into a folder there");
    const auto text = read_source(file, item.node.where, item.problems);
    if (!text) return std::nullopt;
    if (text->size() > most_file_bytes)
        return item.wrong(fmt::format("the file {} is larger than {} bytes", file, most_file_bytes));
    item.problems.add_source(file, *text);
    Csv csv{*text};
    auto header = csv.done() ? std::nullopt : csv.next();
    if (!header) return item.problems.error({file, 1, 1}, "the first line must name the columns"), std::nullopt;
    CsvTable table{.file = file, .header = std::move(*header)};
    while (!csv.done() && table.lines.size() <= most_test_rows) {
        const int number = csv.line();
        auto cells = csv.next();
        if (!cells || cells->size() != table.header.size())
            return item.problems.error({file, number, 1},
                                       fmt::format("this line has not {} cells", table.header.size())),
                   std::nullopt;
        table.lines.push_back({number, std::move(*cells)});
    }
    return table;
}

std::optional<std::vector<TestRow>> test_rows::operator()(const Item& item) const {
    std::optional<std::vector<TestRow>> rows;
    if (item.node.kind == Node::Kind::text) {
        const CsvTable* table = files.read(item);
        if (table && check_count(table->lines.size(), item)) rows = rows_of(*table, spec, item.problems);
    } else if (item.node.kind == Node::Kind::list) {
        if (check_count(item.node.items.size(), item)) rows = rows_of(item, spec);
    } else {
        item.must_be("a list of rows, or the name of a CSV file");
    }
    if (!rows) return std::nullopt;
    for (const auto& row : *rows) check_required(row, spec, item.problems);
    return rows;
}

std::optional<std::vector<TestRow>> removed_rows::operator()(const Item& item) const {
    if (item.node.kind == Node::Kind::list) return rows_of(item, spec);
    std::vector<TestRow> rows;
    if (auto row = read_row(item, spec)) rows.push_back(std::move(*row));
    return rows;
}

}  // namespace retaind::config
