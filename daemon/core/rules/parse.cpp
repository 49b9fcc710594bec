// Conditions from text. One token ahead, no recursion: the grammar has no nesting.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "retaind/base/text.hpp"
#include "retaind/base/time.hpp"
#include "retaind/rules/condition.hpp"

namespace retaind {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// Characters, not bytes: what a column counts.
struct Token {
    enum class Kind { end, word, number, duration, text, symbol, bad };
    Kind kind = Kind::end;
    std::string_view source = {};  ///< as written
    std::size_t at = 0;            ///< its first byte
    std::string text = {};         ///< of a text, without quotes
    double number = 0;             ///< of a number, or of a duration in days
    std::string problem = {}, hint = {};
};

std::optional<double> as_number(std::string_view source) {
    if (source.starts_with('+')) source.remove_prefix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(source.data(), source.data() + source.size(), number);
    if (error != std::errc{} || end != source.data() + source.size() || !std::isfinite(number)) return std::nullopt;
    return number;
}

std::optional<double> as_days(std::string_view source) {
    const bool negative = source.starts_with('-');
    if (negative || source.starts_with('+')) source.remove_prefix(1);
    const auto span = parse_duration(source);
    if (!span) return std::nullopt;
    return negative ? -in_days(*span) : in_days(*span);
}

class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    Token next() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
        const std::size_t start = at_;
        if (start == text_.size()) return Token{.at = start};
        Token token = scan(text_[start]);
        token.at = start;
        token.source = text_.substr(start, at_ - start);
        if (token.kind == Token::Kind::number) read_number(token);
        return token;
    }

    std::string_view rest_from(std::size_t at) const { return text_.substr(at); }

private:
    Token scan(char first) {
        if (is_letter(first)) return word();
        const bool is_sign = first == '-' || first == '+';
        if (is_digit(first) || (is_sign && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return number();
        if (first == '\'') return quoted();
        return symbol(first);
    }

    Token word() {
        while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
        return Token{.kind = Token::Kind::word};
    }

    Token number() {
        ++at_;
        const auto belongs = [this] {
            const char c = text_[at_];
            const char before = text_[at_ - 1];
            return is_digit(c) || is_letter(c) || c == '.' ||
                   ((c == '-' || c == '+') && (before == 'e' || before == 'E'));
        };
        while (at_ < text_.size() && belongs()) ++at_;
        return Token{.kind = Token::Kind::number};
    }

    static void read_number(Token& token) {
        if (const auto number = as_number(token.source)) {
            token.number = *number;
        } else if (const auto days = as_days(token.source)) {
            token.kind = Token::Kind::duration;
            token.number = *days;
        } else {
            token.kind = Token::Kind::bad;
            token.problem = fmt::format("\"{}\" is neither a number nor a duration", token.source);
            token.hint = "durations look like 36h, 14d or 8w";
        }
    }

    Token quoted() {
        Token token{.kind = Token::Kind::text};
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] != '\'') {
                token.text += text_[at_];
            } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '\'') {
                token.text += '\'';
                ++at_;
            } else {
                ++at_;
                return token;
            }
        }
        return Token{.kind = Token::Kind::bad, .problem = "this text has no closing quote", .hint = "end it with '"};
    }

    Token symbol(char first) {
        constexpr std::string_view doubled = "=!<>";
        ++at_;
        const bool has_equals = at_ < text_.size() && text_[at_] == '=';
        if (doubled.find(first) != std::string_view::npos && has_equals) ++at_;
        return Token{.kind = Token::Kind::symbol};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::optional<Comparison> comparison(std::string_view symbol) {
    constexpr std::array<std::pair<std::string_view, Comparison>, 6> symbols{{{"==", Comparison::equal},
                                                                              {"!=", Comparison::not_equal},
                                                                              {"<", Comparison::less},
                                                                              {"<=", Comparison::less_equal},
                                                                              {">", Comparison::greater},
                                                                              {">=", Comparison::greater_equal}}};
    for (const auto& [written, meaning] : symbols)
        if (written == symbol) return meaning;
    return std::nullopt;
}

bool is_order(Comparison c) { return c != Comparison::equal && c != Comparison::not_equal; }

/// What one side of a comparison is.
struct Side {
    Operand operand = 0.0;
    ValueType type = ValueType::number;
    bool typed = true;
    bool is_duration = false;
    std::size_t at = 0;
    std::string_view source = {};

    const Field* field() const { return std::get_if<Field>(&operand); }
    Field* field() { return std::get_if<Field>(&operand); }
    std::string_view unit() const { return field() ? field()->unit : std::string_view{}; }
    const FieldSpec* spec() const {
        return field() && field()->kind == Field::Kind::builtin ? &field_spec(*field()) : nullptr;
    }
};

std::string_view with_article(ValueType type) {
    return type == ValueType::number ? "a number" : type == ValueType::text ? "a text" : "true or false";
}

/// Units that may stand on both sides; "" fits with everything.
std::string_view unit_family(std::string_view unit) {
    if (unit == "1" || unit == "events") return "";
    return unit == "0..100" ? "points" : unit;
}

std::string joined(const std::vector<std::string_view>& words) {
    std::string text;
    for (const auto word : words) text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
    return text;
}

class Parser {
public:
    Parser(std::string_view text, const FieldCatalogue& catalogue, const Position& where)
        : text_(text), scanner_(text), catalogue_(catalogue), where_(where) {}

    Result<Condition> parse() {
        advance();
        if (token_.kind == Token::Kind::end) return error(0, "an empty condition", "write one like health < 40");
        const Token first = token_;
        auto condition = is_known_call() ? known_call() : comparison_or_in();
        if (!condition) return condition;
        if (token_.kind != Token::Kind::end) return trailing();
        condition.value().text = std::string{trimmed()};
        condition.value().where = position(first.at);
        return condition;
    }

private:
    using Kind = Token::Kind;

    void advance() { token_ = scanner_.next(); }
    bool at_symbol(std::string_view symbol) const { return token_.kind == Kind::symbol && token_.source == symbol; }

    Position position(std::size_t at) const {
        Position position = where_;
        if (position.column > 0) position.column += characters(text_.substr(0, at));
        return position;
    }

    Error error(std::size_t at, std::string message, std::string hint = {}) const {
        return Error{.message = std::move(message), .hint = std::move(hint), .where = position(at)};
    }

    std::string_view trimmed() const {
        auto text = text_;
        while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
        while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
        return text;
    }

    Error trailing() const {
        const bool joins =
            token_.source == "and" || token_.source == "or" || token_.source == "&" || token_.source == "|";
        if (joins)
            return error(token_.at, fmt::format("one condition cannot contain \"{}\"", token_.source),
                         "write each condition as a string of its own: all of `when`, one of `any`");
        constexpr std::string_view arithmetic = "+-*/";
        const bool calculates =
            (token_.kind == Kind::symbol && arithmetic.find(token_.source) != std::string_view::npos) ||
            (token_.kind == Kind::number && (token_.source[0] == '-' || token_.source[0] == '+'));
        if (calculates)
            return error(token_.at, "conditions do not calculate", "compare a field with a number or another field");
        return error(token_.at, fmt::format("\"{}\" after the end of the condition", scanner_.rest_from(token_.at)),
                     "a condition is: operand, operator, operand");
    }

    // -- known(field), unknown(field) --------------------------------------------------------------------------------

    bool is_known_call() const {
        if (token_.kind != Kind::word) return false;
        auto rest = scanner_.rest_from(token_.at + token_.source.size());
        while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
        return rest.starts_with('(');
    }

    Result<Condition> known_call() {
        Condition condition;
        if (token_.source == "known") {
            condition.kind = Condition::Kind::known;
        } else if (token_.source == "unknown") {
            condition.kind = Condition::Kind::unknown;
        } else {
            return error(token_.at, fmt::format("there is no function \"{}\"", token_.source),
                         "only known(field) and unknown(field) exist");
        }
        advance();  // the name
        advance();  // the bracket
        if (token_.kind != Kind::word) return error(token_.at, "expected a field", "as in known(pulse)");
        auto side = field_side();
        if (!side) return side.error();
        condition.left = std::move(side.value().operand);
        if (!at_symbol(")")) return error(token_.at, "expected \")\"", "as in known(pulse)");
        advance();
        return condition;
    }

    // -- operand operator operand, field in [...] --------------------------------------------------------------------

    Result<Condition> comparison_or_in() {
        auto left = side();
        if (!left) return left.error();
        if (token_.kind == Kind::word && token_.source == "in") return in_list(left.value());
        const auto operation = token_.kind == Kind::symbol ? comparison(token_.source) : std::nullopt;
        if (!operation) return no_operator();
        const Token operation_token = token_;
        advance();
        auto right = side(&left.value());
        if (!right) return right.error();
        if (auto wrong = check(left.value(), right.value(), *operation, operation_token)) return *wrong;
        return Condition{.left = std::move(left.value().operand),
                         .comparison = *operation,
                         .right = std::move(right.value().operand)};
    }

    Error no_operator() const {
        if (at_symbol("=")) return error(token_.at, "\"=\" does not compare", "write == instead");
        if (token_.kind == Kind::symbol && token_.source.find_first_of("+-*/") != std::string_view::npos)
            return trailing();
        const auto found = token_.kind == Kind::end ? std::string{"the end"} : fmt::format("\"{}\"", token_.source);
        return error(token_.at, fmt::format("expected an operator, found {}", found), "one of == != < <= > >= in");
    }

    Result<Side> side(const Side* left = nullptr) {
        switch (token_.kind) {
            case Kind::bad: return error(token_.at, token_.problem, token_.hint);
            case Kind::number: return literal(Side{.operand = token_.number});
            case Kind::duration: return literal(Side{.operand = token_.number, .is_duration = true});
            case Kind::text: return literal(Side{.operand = token_.text, .type = ValueType::text});
            case Kind::word: break;
            default: return no_operand();
        }
        if (token_.source == "true" || token_.source == "false")
            return literal(Side{.operand = token_.source == "true", .type = ValueType::boolean});
        return field_side(left);
    }

    Side literal(Side side) {
        side.at = token_.at;
        side.source = token_.source;
        advance();
        return side;
    }

    Error no_operand() const {
        if (at_symbol("\"")) return error(token_.at, "texts stand in single quotes", "as in segment == 'west'");
        const auto found = token_.kind == Kind::end ? std::string{"the end"} : fmt::format("\"{}\"", token_.source);
        return error(token_.at, fmt::format("expected a field, a number or a 'text', found {}", found));
    }

    Result<Side> field_side(const Side* left = nullptr) {
        const auto field = catalogue_.resolve(token_.source);
        if (!field) return unknown_field(left);
        Side side{
            .operand = *field, .type = field->type, .typed = field->typed, .at = token_.at, .source = token_.source};
        advance();
        return side;
    }

    Error unknown_field(const Side* left) const {
        const auto message = fmt::format("{} has no field \"{}\"", subject_of(catalogue_), token_.source);
        const auto suggestion = catalogue_.suggestion(token_.source);
        if (!suggestion.empty()) return error(token_.at, message, fmt::format("did you mean \"{}\"?", suggestion));
        if (left && left->type == ValueType::text)
            return error(token_.at, message, fmt::format("a text stands in single quotes: '{}'", token_.source));
        return error(token_.at, message);
    }

    Result<Condition> in_list(Side& left) {
        const std::size_t in_at = token_.at;
        if (!left.field())
            return error(left.at, "\"in\" needs a field on its left", "as in segment in ['west', 'east']");
        if (left.typed && left.type != ValueType::text)
            return error(in_at,
                         fmt::format("\"{}\" is {}, and \"in\" compares texts", left.source, with_article(left.type)));
        advance();
        if (!at_symbol("[")) return error(token_.at, "expected a list of texts", "as in segment in ['west', 'east']");
        Condition condition{.kind = Condition::Kind::in};
        do {
            advance();
            if (token_.kind == Kind::bad) return error(token_.at, token_.problem, token_.hint);
            if (token_.kind != Kind::text)
                return error(token_.at, "expected a text in single quotes", "as in ['west', 'east']");
            if (auto wrong = check_choice(left, token_.text, token_.at)) return *wrong;
            condition.choices.push_back(token_.text);
            advance();
        } while (at_symbol(","));
        if (!at_symbol("]")) return error(token_.at, "expected \",\" or \"]\"");
        advance();
        if (left.field()) left.field()->type = ValueType::text;
        condition.left = std::move(left.operand);
        return condition;
    }

    // -- what may be compared with what ------------------------------------------------------------------------------

    std::optional<Error> check(Side& left, Side& right, Comparison operation, const Token& operation_token) const {
        if (!left.field() && !right.field()) return error(left.at, "a condition needs a field", "as in health < 40");
        settle_types(left, right, operation);
        if (left.typed && right.typed && left.type != right.type) return mismatch(left, right);
        if (is_order(operation) && left.type != ValueType::number)
            return error(operation_token.at,
                         fmt::format("{} has no order", left.type == ValueType::text ? "a text" : "true or false"),
                         "use == or !=");
        if (auto wrong = check_units(left, right)) return wrong;
        if (auto wrong = check_literal(left, right, operation)) return wrong;
        return check_literal(right, left, operation);
    }

    static void settle(Side& side, ValueType type) {
        side.type = type;
        if (side.field()) side.field()->type = type;
    }

    /// A field that only the data can type takes the type of what it is compared with.
    static void settle_types(Side& left, Side& right, Comparison operation) {
        if (!left.typed && !right.typed) {
            const auto type = is_order(operation) ? ValueType::number : ValueType::text;
            settle(left, type);
            settle(right, type);
        } else if (!left.typed) {
            settle(left, right.type);
            left.typed = true;
        } else if (!right.typed) {
            settle(right, left.type);
            right.typed = true;
        }
    }

    Error mismatch(const Side& left, const Side& right) const {
        const auto& culprit = right.field() && !left.field() ? left : right;
        const auto& other = &culprit == &right ? left : right;
        return error(culprit.at,
                     fmt::format("\"{}\" is {}, and {} is {}", other.source, with_article(other.type), culprit.source,
                                 with_article(culprit.type)),
                     other.type == ValueType::text ? "a text stands in single quotes" : "");
    }

    std::optional<Error> check_units(const Side& left, const Side& right) const {
        for (const auto* side : {&left, &right})
            if (side->unit() == "date")
                return error(side->at, fmt::format("\"{}\" is a date, and conditions have no dates", side->source),
                             "compare days, as in days_to_due <= 30");
        const auto a = unit_family(left.unit()), b = unit_family(right.unit());
        if (a.empty() || b.empty() || a == b) return std::nullopt;
        return error(
            right.at,
            fmt::format("\"{}\" is in {}, and \"{}\" is in {}", left.source, left.unit(), right.source, right.unit()),
            "compare fields of one unit");
    }

    /// A constant that the field beside it could never have.
    std::optional<Error> check_literal(const Side& field, const Side& literal, Comparison) const {
        const auto unit = field.unit();
        if (literal.field()) return std::nullopt;
        if (literal.is_duration && !unit.empty() && unit != "days")
            return error(literal.at,
                         fmt::format("{} is a duration, and \"{}\" is not in days", literal.source, field.source));
        if (const auto* text = std::get_if<std::string>(&literal.operand))
            return check_choice(field, *text, literal.at);
        const auto* number = std::get_if<double>(&literal.operand);
        const double most = unit == "0..1" ? 1 : unit == "0..100" ? 100 : 0;
        if (!number || most <= 0 || (*number >= 0 && *number <= most)) return std::nullopt;
        return error(
            literal.at, fmt::format("\"{}\" lies between 0 and {}", field.source, most),
            most < 2 && *number > 1 && *number <= 100 ? fmt::format("write {} for {} %", *number / 100, *number) : "");
    }

    std::optional<Error> check_choice(const Side& field, std::string_view text, std::size_t at) const {
        if (!field.spec() || field.spec()->choices.empty()) return std::nullopt;
        const auto choices = words_of(field.spec()->choices);
        if (std::find(choices.begin(), choices.end(), text) != choices.end()) return std::nullopt;
        const auto meant = nearest(text, choices);
        return error(at, fmt::format("\"{}\" is never '{}'", field.source, text),
                     meant.empty() ? "one of: " + joined(choices) : fmt::format("did you mean '{}'?", meant));
    }

    std::string_view text_;
    Scanner scanner_;
    const FieldCatalogue& catalogue_;
    const Position& where_;
    Token token_ = {};
};

}  // namespace

Result<Condition> parse_condition(std::string_view text, const FieldCatalogue& catalogue, const Position& where) {
    return Parser{text, catalogue, where}.parse();
}

}  // namespace retaind
