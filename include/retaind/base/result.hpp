// A value, or the Error that stands in its place.
#pragma once

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

#include "retaind/base/error.hpp"

namespace retaind {

/// Either a T or an Error. Asking for the one that is not there is a bug and asserts.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return held_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() & {
        assert(ok());
        return *std::get_if<0>(&held_);
    }
    const T& value() const& {
        assert(ok());
        return *std::get_if<0>(&held_);
    }
    T&& value() && {
        assert(ok());
        return std::move(*std::get_if<0>(&held_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const {
        assert(!ok());
        return *std::get_if<1>(&held_);
    }

private:
    std::variant<T, Error> held_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    const Error& error() const {
        assert(error_);
        return *error_;
    }

private:
    std::optional<Error> error_;
};

}  // namespace retaind
