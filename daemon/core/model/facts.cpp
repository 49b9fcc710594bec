#include "retaind/model/facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "core/model/join.hpp"

namespace retaind {
namespace {

constexpr std::string_view facts_version = "1", attribute_line = "attribute", subscription_line = "subscription";

// The columns in the order of their cells: what writes and what reads walk the same lists.
constexpr std::array customer_texts = {
    &Customer::name,   &Customer::segment, &Customer::motion,   &Customer::account_manager,
    &Customer::seller, &Customer::parent,  &Customer::timezone, &Customer::pulse_note};
constexpr std::array customer_days = {&Customer::since, &Customer::pulse_at};
constexpr std::array customer_numbers = {&Customer::acquisition_cost, &Customer::cost_to_serve, &Customer::pulse};
constexpr std::array subscription_texts = {&Subscription::plan, &Subscription::status, &Subscription::stage,
                                           &Subscription::exit_reason};
constexpr std::array subscription_days = {&Subscription::renews_on, &Subscription::ended_on};
constexpr std::array subscription_numbers = {&Subscription::notice_days, &Subscription::seats, &Subscription::mrr,
                                             &Subscription::list_mrr};

// ---- writing --------------------------------------------------------------------------------------------------------

void append_text(std::string& out, std::string_view text) {
    out += "\t=";
    for (const char c : text) {
        if (c == '\t')
            out += "\\t";
        else if (c == '\n')
            out += "\\n";
        else if (c == '\\')
            out += "\\\\";
        else
            out += c;
    }
}

void append_word(std::string& out, const Snapshot& snapshot, Word word) {
    if (word == no_word)
        out += '\t';
    else
        append_text(out, snapshot.text(word));
}

void append_day(std::string& out, std::optional<Day> day) {
    out += '\t';
    if (day) out += format_day(*day);
}

void append_number(std::string& out, double number) {
    out += '\t';
    if (is_missing(number)) return;
    std::array<char, 32> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

// ---- reading --------------------------------------------------------------------------------------------------------

/// One line's cells, taken one after the other. Once a cell is not what it should be, `good` is false for good.
class Cells {
public:
    Cells(std::string_view line, Words& words) : rest_(line), words_(words) {}

    std::string_view next() {
        if (ended_) good_ = false;
        const auto tab = rest_.find('\t');
        const auto cell = rest_.substr(0, tab);
        ended_ = tab == rest_.npos;
        rest_ = ended_ ? std::string_view{} : rest_.substr(tab + 1);
        return cell;
    }

    Word word() { return word_of(next()); }

    std::optional<Day> day() {
        const auto cell = next();
        const auto day = parse_day(cell);
        if (!cell.empty() && !day) good_ = false;
        return day;
    }

    double number() { return number_of(next()); }

    struct Value {
        Word word = no_word;
        double number = missing;
    };
    Value value() {
        const auto cell = next();
        return cell.starts_with('=') ? Value{.word = word_of(cell)} : Value{.number = number_of(cell)};
    }

    /// Whether every cell was good, and none is left.
    bool end() const { return good_ && ended_; }

private:
    Word word_of(std::string_view cell) {
        if (cell.empty()) return no_word;
        good_ = good_ && cell.front() == '=';
        std::string text;
        for (std::size_t i = 1; i < cell.size(); ++i) text += cell[i] == '\\' ? escaped(cell, ++i) : cell[i];
        return words_.intern(text);
    }

    char escaped(std::string_view cell, std::size_t at) {
        const char c = at < cell.size() ? cell[at] : ' ';
        good_ = good_ && (c == 't' || c == 'n' || c == '\\');
        return c == 't' ? '\t' : c == 'n' ? '\n' : c;
    }

    double number_of(std::string_view cell) {
        const auto number = parse_number(cell);
        if (!cell.empty() && !number) good_ = false;
        return number.value_or(missing);
    }

    std::string_view rest_;
    Words& words_;
    bool ended_ = false, good_ = true;
};

/// Puts facts into a snapshot, customer by customer. Further columns come last, when all their values are known.
class PuttingBack {
public:
    explicit PuttingBack(Snapshot& snapshot) : snapshot_(snapshot) {}

    Result<void> add(const CustomerFacts& facts) {
        customer_ = snapshot_.find_customer(facts.customer_id);
        if (customer_ == no_customer) return {};
        std::string_view rest = facts.text;
        for (int number = 1;; ++number) {
            const auto end = rest.find('\n');
            if (!read_line(rest.substr(0, end), number == 1)) return unreadable(facts, number);
            if (end == rest.npos) return {};
            rest.remove_prefix(end + 1);
        }
    }

    void finish() {
        for (const auto& [name, values] : attributes_) put_attribute(name, values);
        join::link_parents(snapshot_);
    }

private:
    struct AttributeValue {
        CustomerIndex customer;
        Cells::Value value;
    };

    static Error unreadable(const CustomerFacts& facts, int line) {
        return {.kind = ErrorKind::state_lost,
                .message = fmt::format("what is remembered of customer '{}' cannot be read: line {} of its facts",
                                       facts.customer_id, line),
                .hint = "put back a copy of the state"};
    }

    bool read_line(std::string_view line, bool is_first) {
        Cells cells{line, snapshot_.words};
        const auto kind = cells.next();
        if (is_first) return kind == facts_version && read_customer(cells);
        if (kind == attribute_line) return read_attribute(cells);
        return kind == subscription_line && read_subscription(cells);
    }

    bool read_customer(Cells& cells) {
        Customer& customer = snapshot_.customers[customer_];
        for (const auto column : customer_texts) customer.*column = cells.word();
        for (const auto column : customer_days) customer.*column = cells.day();
        for (const auto column : customer_numbers) customer.*column = cells.number();
        return cells.end();
    }

    bool read_attribute(Cells& cells) {
        const Word name = cells.word();
        const auto value = cells.value();
        if (!cells.end() || name == no_word) return false;
        attributes_[std::string{snapshot_.text(name)}].push_back({customer_, value});
        return true;
    }

    bool read_subscription(Cells& cells) {
        const Word id = cells.word();
        Subscription unknown{.id = id, .started_on = {}};
        const Customer& customer = snapshot_.customers[customer_];
        const auto own =
            std::span{snapshot_.subscriptions}.subspan(customer.first_subscription, customer.subscriptions);
        const auto found = std::ranges::find(own, id, &Subscription::id);
        Subscription& subscription = found == own.end() ? unknown : *found;
        for (const auto column : subscription_texts) subscription.*column = cells.word();
        for (const auto column : subscription_days) subscription.*column = cells.day();
        for (const auto column : subscription_numbers) subscription.*column = cells.number();
        const auto started = cells.day();
        if (!cells.end() || id == no_word || !started) return false;
        subscription.started_on = *started;
        subscription.over = join::is_over(snapshot_.text(subscription.status));
        return true;
    }

    void put_attribute(const std::string& name, const std::vector<AttributeValue>& values) {
        const auto place = std::ranges::lower_bound(snapshot_.attributes, name, {}, &Attribute::name);
        const bool is_new = place == snapshot_.attributes.end() || place->name != name;
        Attribute& attribute = is_new ? *snapshot_.attributes.insert(place, Attribute{.name = name}) : *place;
        const auto has = [&](auto is_such) { return std::ranges::any_of(values, is_such, &AttributeValue::value); };
        const bool has_texts = has([](const Cells::Value& value) { return value.word != no_word; });
        const bool has_numbers = has([](const Cells::Value& value) { return is_known(value.number); });
        const bool is_number = !has_texts && (has_numbers || attribute.is_number);
        if (is_new || attribute.is_number != is_number) {
            const std::size_t count = snapshot_.customers.size();
            attribute.is_number = is_number;
            attribute.numbers.assign(is_number ? count : 0, missing);
            attribute.words.assign(is_number ? 0 : count, no_word);
        }
        for (const auto& [customer, value] : values) {
            if (is_number)
                attribute.numbers[customer] = value.number;
            else
                attribute.words[customer] = value.word;
        }
    }

    Snapshot& snapshot_;
    CustomerIndex customer_ = no_customer;
    std::map<std::string, std::vector<AttributeValue>, std::less<>> attributes_ = {};
};

}  // namespace

FactsWriter::FactsWriter(const Snapshot& snapshot, std::span<const std::string> attributes) : snapshot_(snapshot) {
    for (const auto& name : attributes)
        if (const auto* attribute = snapshot.attribute(name)) attributes_.push_back(attribute);
}

void FactsWriter::write(CustomerIndex index, std::string& text) const {
    const Customer& customer = snapshot_.customers[index];
    text = facts_version;
    for (const auto column : customer_texts) append_word(text, snapshot_, customer.*column);
    for (const auto column : customer_days) append_day(text, customer.*column);
    for (const auto column : customer_numbers) append_number(text, customer.*column);
    for (const auto* attribute : attributes_) {
        text.append("\n").append(attribute_line);
        append_text(text, attribute->name);
        if (attribute->is_number)
            append_number(text, attribute->numbers[index]);
        else
            append_word(text, snapshot_, attribute->words[index]);
    }
    for (const auto& subscription : snapshot_.subscriptions_of(index)) {
        text.append("\n").append(subscription_line);
        append_word(text, snapshot_, subscription.id);
        for (const auto column : subscription_texts) append_word(text, snapshot_, subscription.*column);
        for (const auto column : subscription_days) append_day(text, subscription.*column);
        for (const auto column : subscription_numbers) append_number(text, subscription.*column);
        append_day(text, subscription.started_on);
    }
}

std::uint64_t facts_hash(std::string_view text) { return std::hash<std::string_view>{}(text) | 1; }

Result<void> put_back(Snapshot& snapshot, std::span<const CustomerFacts> facts) {
    PuttingBack back{snapshot};
    for (const auto& each : facts)
        if (auto added = back.add(each); !added) return added;
    back.finish();
    return {};
}

}  // namespace retaind
