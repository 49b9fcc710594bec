#include "log.hpp"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <utility>
#include <vector>

#include "edge/report/json_line.hpp"

namespace retaind {
namespace {

enum class LogFormat { text, json, journal };
using LogMembers = std::vector<std::pair<std::string, std::string>>;

std::atomic<int> least_urgent{static_cast<int>(LogLevel::info)};
thread_local std::string current_cycle;

std::string_view level_name(LogLevel level) {
    switch (level) {
        case LogLevel::error: return "error";
        case LogLevel::warning: return "warning";
        case LogLevel::info: return "info";
        case LogLevel::debug: return "debug";
    }
    return "info";
}

std::string_view class_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::findings: return "findings";
        case ErrorKind::usage: return "usage";
        case ErrorKind::config: return "config";
        case ErrorKind::source: return "source";
        case ErrorKind::bad_data: return "bad_data";
        case ErrorKind::state: return "state";
        case ErrorKind::state_lost: return "state_lost";
        case ErrorKind::delivery: return "delivery";
    }
    return "";
}

/// Whether stderr is still the stream that systemd connected to the journal, and has not been redirected since.
bool stderr_is_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat file = {};
    return stream != nullptr && fstat(STDERR_FILENO, &file) == 0 &&
           stream == fmt::format("{}:{}", file.st_dev, file.st_ino);
}

LogFormat format_named(std::string_view name) {
    if (name == "json") return LogFormat::json;
    const bool journal = name == "journal" || (name == "auto" && stderr_is_journal());
    return journal && access("/run/systemd/journal/socket", W_OK) == 0 ? LogFormat::journal : LogFormat::text;
}

std::atomic<LogFormat>& format_in_force() {
    static std::atomic<LogFormat> format{format_named("auto")};
    return format;
}

bool is_in_address(char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    return is_letter || (c >= '0' && c <= '9') || std::string_view("._%+-'").find(c) != std::string_view::npos;
}

std::string without_addresses(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_address = text[at] == '@' && !result.empty() && is_in_address(result.back()) &&
                                at + 1 < text.size() && is_in_address(text[at + 1]);
        if (is_address) {
            while (!result.empty() && is_in_address(result.back())) result.pop_back();
            result += "***";
        }
        result += text[at];
    }
    return result;
}

std::string on_one_line(std::string_view text) {
    std::string result{text};
    for (char& c : result) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return result;
}

LogMembers members_of(const LogFields& fields) {
    LogMembers members;
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) members.emplace_back(name, on_one_line(value));
    };
    add("customer_id", fields.customer_id);
    add("rule", fields.rule);
    add("receiver", fields.receiver);
    add("delivery_id", fields.delivery_id);
    add("cycle", current_cycle);
    add("error_class", fields.error_class);
    return members;
}

bool to_journal(LogLevel level, const std::string& message, const LogMembers& members) {
    std::vector<std::string> entry = {"MESSAGE=" + message, fmt::format("PRIORITY={}", static_cast<int>(level)),
                                      "SYSLOG_IDENTIFIER=retaind"};
    for (const auto& [name, value] : members) {
        std::string field = "RETAIND_";
        for (const char c : name) field += c == '_' ? c : static_cast<char>(c - 'a' + 'A');
        entry.push_back(field + "=" + value);
    }
    std::vector<iovec> places;
    for (std::string& field : entry) places.push_back({.iov_base = field.data(), .iov_len = field.size()});
    return sd_journal_sendv(places.data(), static_cast<int>(places.size())) == 0;
}

std::string as_json(LogLevel level, const std::string& message, LogMembers members) {
    const auto now = std::chrono::time_point_cast<Seconds>(std::chrono::system_clock::now());
    LogMembers line = {{"time", format_instant(now)}, {"level", std::string(level_name(level))}, {"message", message}};
    line.insert(line.end(), members.begin(), members.end());
    return json_line(line);
}

std::string as_text(LogLevel level, const std::string& message) {
    static const bool journal = stderr_is_journal();
    return (journal ? fmt::format("<{}>", static_cast<int>(level)) : "retaind: ") + message;
}

}  // namespace

void set_log(const LogSettings& settings) {
    least_urgent = static_cast<int>(settings.level == "error"     ? LogLevel::error
                                    : settings.level == "warning" ? LogLevel::warning
                                    : settings.level == "debug"   ? LogLevel::debug
                                                                  : LogLevel::info);
    format_in_force() = format_named(settings.format);
}

std::string as_logged(std::string_view text) { return on_one_line(without_addresses(text)); }

void log(LogLevel level, std::string_view text, const LogFields& fields) {
    if (static_cast<int>(level) > least_urgent) return;
    const std::string message = as_logged(text);
    const LogMembers members = members_of(fields);
    const LogFormat format = format_in_force();
    if (format == LogFormat::journal && to_journal(level, message, members)) return;
    const std::string line =
        (format == LogFormat::json ? as_json(level, message, members) : as_text(level, message)) + "\n";
    // One write keeps lines of several threads apart; there is nobody to tell if it fails.
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

void log(const Error& error) {
    log(LogLevel::error, to_string(error), {.error_class = std::string(class_of(error.kind))});
}

CycleInLog::CycleInLog(Instant begun) { current_cycle = format_instant(begun); }
CycleInLog::~CycleInLog() { current_cycle.clear(); }

}  // namespace retaind
