// Whatever somebody writes as a condition or a message: read or refused at a place inside it, and it renders.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "retaind/rules/condition.hpp"

namespace {

using namespace retaind;

void must(bool holds) {
    if (!holds) std::abort();
}

class Nothing final : public FieldValues {
public:
    Value value(const Field&) const override { return Value::none(); }
};

bool is_placed(const Error& error, std::string_view text) {
    return error.where.line == 1 && error.where.column >= 1 &&
           error.where.column <= static_cast<int>(text.size()) + 1 && !error.message.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    const FieldCatalogue catalogue{.scope = Scope::promise, .signals = {"logins"}, .attributes = {"region"}};
    const auto condition = parse_condition(text, catalogue, {"pack.toml", 1, 1});
    if (condition)
        must(evaluate(*condition, Nothing{}) == Truth::unknown);
    else
        must(is_placed(condition.error(), text));
    const auto message = parse_template(text, catalogue, {"pack.toml", 1, 1});
    if (message)
        render(*message, Nothing{}, "EUR");
    else
        must(is_placed(message.error(), text));
    return 0;
}
