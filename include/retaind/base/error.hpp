// What went wrong, where, and what to do about it.
//
// Three kinds of trouble are kept apart: a bug asserts; trouble in data is a value (a missing number, a
// counted rejection); trouble at an edge or in a file a person wrote is an Error, carried by a Result.
#pragma once

#include <string>

namespace retaind {

/// Which part of the world failed. Each kind has one exit code (DESIGN.md 6).
enum class ErrorKind {
    findings,
    usage,
    config,
    source,    ///< a company's database cannot be read
    bad_data,  ///< it can, and too many of its rows are bad
    state,
    state_lost,
    delivery,
};

/// The process exit code that DESIGN.md 6 documents for a kind of error.
int exit_code(ErrorKind kind);

/// A place in a file, both counted from 1; 0 means "not known".
struct Position {
    std::string file;
    int line = 0;
    int column = 0;

    bool operator==(const Position&) const = default;
};

/// An error that teaches: the message says what is wrong, the hint what to do.
struct Error {
    ErrorKind kind = ErrorKind::config;
    std::string message;
    std::string hint = {};
    Position where = {};

    bool operator==(const Error&) const = default;
};

/// "file:line:column: message (hint)", leaving out what is not known.
std::string to_string(const Error& error);

}  // namespace retaind
