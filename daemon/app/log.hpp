// One line per event: on stderr as text or JSON, or into systemd's journal with fields to search by.
#pragma once

#include <string>
#include <string_view>

#include "retaind/base/error.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

enum class LogLevel { error = 3, warning = 4, info = 6, debug = 7 };

/// What a line is about, by id; "": not about any. In JSON by these names, in the journal as RETAIND_CUSTOMER_ID.
struct LogFields {
    std::string customer_id = {};
    std::string rule = {};
    std::string receiver = {};
    std::string delivery_id = {};
    std::string error_class = {};
};

/// Lines less urgent than `level` are not written. Format "auto": into the journal when stderr leads there, else text.
void set_log(const LogSettings& settings);

/// Control characters become spaces, so that no value from data can fake a line. Of e-mail addresses only the host is
/// left: an address may be somebody's id, and what a mail server answers names people.
std::string as_logged(std::string_view text);

/// Writes the text as_logged().
void log(LogLevel level, std::string_view text, const LogFields& fields = {});
void log(const Error& error);

/// While it lives, the lines of this thread belong to the cycle that began then, and say so in the field `cycle`.
class CycleInLog {
public:
    explicit CycleInLog(Instant begun);
    ~CycleInLog();
    CycleInLog(const CycleInLog&) = delete;
    CycleInLog& operator=(const CycleInLog&) = delete;
};

}  // namespace retaind
