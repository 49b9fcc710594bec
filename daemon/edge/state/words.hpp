// The words under which the store keeps states. They are part of the file format: what is shown to people may be worded
// anew at any time, these only by a migration.
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "retaind/alerts/handling.hpp"
#include "retaind/ports/state_store.hpp"
#include "retaind/promises/promise.hpp"
#include "retaind/scores/health.hpp"

namespace retaind {

/// A stored word that no version of this program has written: the file is damaged.
struct UnknownWord : std::runtime_error {
    explicit UnknownWord(const std::string& word) : std::runtime_error("unknown word \"" + word + "\"") {}
};

template <class Enum, std::size_t count>
using WordList = std::array<std::pair<Enum, std::string_view>, count>;

template <class Enum>
inline constexpr int stored_words = 0;  ///< specialised below

template <>
inline constexpr WordList<Band, 4> stored_words<Band>{
    {{Band::unknown, "unknown"}, {Band::at_risk, "at_risk"}, {Band::watch, "watch"}, {Band::healthy, "healthy"}}};

template <>
inline constexpr WordList<PromiseState, 7> stored_words<PromiseState>{{{PromiseState::open, "open"},
                                                                       {PromiseState::on_track, "on_track"},
                                                                       {PromiseState::slipping, "slipping"},
                                                                       {PromiseState::off_track, "off_track"},
                                                                       {PromiseState::kept, "kept"},
                                                                       {PromiseState::missed, "missed"},
                                                                       {PromiseState::unmeasurable, "unmeasurable"}}};

template <>
inline constexpr WordList<AlertPhase, 5> stored_words<AlertPhase>{{{AlertPhase::pending, "pending"},
                                                                   {AlertPhase::firing, "firing"},
                                                                   {AlertPhase::recovering, "recovering"},
                                                                   {AlertPhase::resolved, "resolved"},
                                                                   {AlertPhase::closed, "closed"}}};

template <>
inline constexpr WordList<Severity, 3> stored_words<Severity>{
    {{Severity::info, "info"}, {Severity::warning, "warning"}, {Severity::critical, "critical"}}};

template <>
inline constexpr WordList<Scope, 5> stored_words<Scope>{{{Scope::customer, "customer"},
                                                         {Scope::promise, "promise"},
                                                         {Scope::segment, "segment"},
                                                         {Scope::portfolio, "portfolio"},
                                                         {Scope::source, "source"}}};

template <>
inline constexpr WordList<DeliveryStatus, 7> stored_words<DeliveryStatus>{{{DeliveryStatus::queued, "queued"},
                                                                           {DeliveryStatus::in_flight, "in_flight"},
                                                                           {DeliveryStatus::retry, "retry"},
                                                                           {DeliveryStatus::delivered, "delivered"},
                                                                           {DeliveryStatus::dead, "dead"},
                                                                           {DeliveryStatus::quarantined, "quarantined"},
                                                                           {DeliveryStatus::superseded, "superseded"}}};

template <>
inline constexpr WordList<MessageKind, 6> stored_words<MessageKind>{{{MessageKind::alerts, "alerts"},
                                                                     {MessageKind::adoption, "adoption"},
                                                                     {MessageKind::ops, "ops"},
                                                                     {MessageKind::digest, "digest"},
                                                                     {MessageKind::all_quiet, "all_quiet"},
                                                                     {MessageKind::heartbeat, "heartbeat"}}};

template <>
inline constexpr WordList<Transition, 10> stored_words<Transition>{{{Transition::none, "none"},
                                                                    {Transition::started_pending, "started_pending"},
                                                                    {Transition::fired, "fired"},
                                                                    {Transition::dropped, "dropped"},
                                                                    {Transition::recovering, "recovering"},
                                                                    {Transition::relapsed, "relapsed"},
                                                                    {Transition::resolved, "resolved"},
                                                                    {Transition::escalated, "escalated"},
                                                                    {Transition::eased, "eased"},
                                                                    {Transition::closed, "closed"}}};

template <>
inline constexpr WordList<ActKind, 6> stored_words<ActKind>{{{ActKind::seen, "seen"},
                                                             {ActKind::on_it, "on_it"},
                                                             {ActKind::wrong, "wrong"},
                                                             {ActKind::snooze, "snooze"},
                                                             {ActKind::resume, "resume"},
                                                             {ActKind::release, "release"}}};

template <class Enum>
std::string to_word(Enum value) {
    for (const auto& [known, word] : stored_words<Enum>) {
        if (known == value) return std::string{word};
    }
    throw UnknownWord{std::to_string(static_cast<int>(value))};
}

template <class Enum>
Enum from_word(const std::string& text) {
    for (const auto& [known, word] : stored_words<Enum>) {
        if (word == text) return known;
    }
    throw UnknownWord{text};
}

}  // namespace retaind
