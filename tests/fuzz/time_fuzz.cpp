// Whatever a database calls a date: what is accepted must read back as itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "retaind/base/time.hpp"

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace retaind;
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    if (const auto day = parse_day(text)) must(format_day(*day) == text);
    if (const auto moment = parse_moment(text)) {
        must(text.starts_with(format_day(moment->day)));
        must(!moment->time_of_day || (*moment->time_of_day >= Seconds{0} && *moment->time_of_day < Seconds{86400}));
        must(moment->time_of_day || !moment->utc_offset);
    }
    if (const auto span = parse_duration(text)) {
        must(*span >= Seconds{0});
        must(parse_duration(format_duration(*span)) == span);
    }
    return 0;
}
