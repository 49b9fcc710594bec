#include "retaind/base/error.hpp"

#include <fmt/format.h>

namespace retaind {

int exit_code(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::findings: return 1;
        case ErrorKind::delivery: return 1;
        case ErrorKind::usage: return 2;
        case ErrorKind::config: return 3;
        case ErrorKind::source:
        case ErrorKind::bad_data: return 4;
        case ErrorKind::state: return 5;
        case ErrorKind::state_lost: return 6;
    }
    return 1;
}

std::string to_string(const Error& error) {
    std::string text = error.where.file;
    if (error.where.line > 0) {
        text += fmt::format("{}{}", text.empty() ? "line " : ":", error.where.line);
        if (error.where.column > 0) text += fmt::format(":{}", error.where.column);
    }
    if (!text.empty()) text += ": ";
    text += error.message;
    if (!error.hint.empty()) text += fmt::format(" ({})", error.hint);
    return text;
}

}  // namespace retaind
