#include "note_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "bodies.hpp"
#include "line.hpp"
#include "retaind/alerts/ledger.hpp"
#include "retaind/base/text.hpp"

namespace retaind {
namespace {

std::string joined(const std::vector<std::string>& parts) { return fmt::format("{}", fmt::join(parts, "; ")); }

/// What it says, or said; a receiver that may not be told the words still hears which rule it is.
std::string sentence_of(const AlertNote& note) {
    if (!note.untold_problem.empty()) return with_readable_dates(line(note.untold_problem));
    return note.message.empty() ? "rule " + line(note.key.rule) : with_readable_dates(line(note.message));
}

Tone tone_of(const AlertNote& note) {
    if (note.transition == Transition::resolved) return Tone::good;
    if (note.transition == Transition::closed || note.telling == Telling::handed_over) return Tone::over;
    if (note.severity == Severity::critical) return Tone::critical;
    return note.severity == Severity::warning ? Tone::warning : Tone::calm;
}

std::string doer_of(const AlertNote& note) {
    if (is_over(note) || note.telling == Telling::handed_over) return "";
    if (!note.acknowledged_by.empty()) return line(note.acknowledged_by) + " has it in hand.";
    if (note.asked_to_act) return "You are asked to act.";
    return note.doer.empty() ? "" : line(note.doer) + " is asked to act.";
}

std::string record_of(const AlertNote& note) {
    if (note.record.of < cases_worth_saying) return "";
    return fmt::format("This rule was right in {} of {} cases so far.", note.record.right, note.record.of);
}

std::string risk_of(const AlertNote& note) {
    const std::string share = format_value(Value::of(note.risk), Format::percent);
    return note.risk_is_base_rate ? share + " (the segment's base rate)" : share;
}

std::vector<Fact> own_facts(const AlertNote& note, Day as_of) {
    std::vector<Fact> facts;
    if (!note.outcome.empty() && note.message.find(note.outcome) == std::string::npos)
        facts.push_back({"Promise", line(note.outcome)});
    if (note.since) {
        const auto days = (as_of - *note.since).count();
        facts.push_back({is_over(note) ? "Began" : "Since",
                         readable_date(*note.since) + (days > 0 ? fmt::format(" ({})", counted(days, "day")) : "")});
    }
    return facts;
}

/// What it is worth and by when it must be mended: the same for all alerts of a customer, but for deadlines.
std::vector<Fact> common_facts(const std::vector<const AlertNote*>& notes, Day as_of, const std::string& currency) {
    const AlertNote& first = *notes.front();
    std::vector<Fact> facts;
    if (is_known(first.revenue)) facts.push_back({"Worth", amount_a_year(first.revenue, currency)});
    if (is_known(first.risk) && !is_over(first)) facts.push_back({"Risk", risk_of(first)});
    std::optional<Day> earliest;
    for (const AlertNote* note : notes) {
        if (note->deadline && !is_over(*note)) earliest = std::min(earliest.value_or(*note->deadline), *note->deadline);
    }
    if (earliest) facts.push_back({"Mend by", until(*earliest, as_of)});
    return facts;
}

/// As a sentence of its own: a name that was left out leaves a small letter behind.
std::string opening_of(const AlertNote& note) {
    const std::string said = said_below_name(note);
    return said == sentence_of(note) ? said : capitalised(said);
}

NoteWords note_words(const AlertNote& note, Day as_of, const RenderOptions& options) {
    NoteWords words{.mark = mark_of(note),
                    .tone = tone_of(note),
                    .message = is_over(note) ? "It was: " + said_below_name(note) : opening_of(note),
                    .remark = remark_of(note, as_of),
                    .facts = own_facts(note, as_of),
                    .doer = doer_of(note)};
    if (is_over(note) || note.telling == Telling::handed_over) return words;
    words.link = link_of(note, options);
    std::vector<std::string> reasons;
    for (const std::string& reason : note.reasons) reasons.push_back(line(readable_reason(line(reason))));
    words.reasons = joined(reasons);
    words.advice = line(note.advice);
    words.record = record_of(note);
    return words;
}

/// Of one that somebody acknowledged, when that has run out or severity has risen since.
std::string held_once(const AlertNote& note) {
    std::vector<std::string> names;
    for (const std::string& name : note.answered_by) names.push_back(name.empty() ? "Somebody" : line(name));
    return fmt::format("{} had it in hand; it is still so", fmt::join(names, " and "));
}

/// What a subject says before the fact itself, when that is not plain news.
std::string lead_of(const AlertNote& note) {
    const bool is_news = note.telling == Telling::news || note.telling == Telling::restated;
    if (is_news && !is_over(note)) return "";
    if (note.telling == Telling::handed_over && !note.new_owner.empty())
        return "Now with " + line(note.new_owner) + ": ";
    return mark_of(note) + ": ";
}

}  // namespace

bool is_over(const AlertNote& note) {
    return note.transition == Transition::resolved || note.transition == Transition::closed;
}

bool is_one_story(const AlertNote& a, const AlertNote& b) {
    if (!a.customer_id.empty() || !b.customer_id.empty()) return a.customer_id == b.customer_id;
    return std::tie(a.customer_name, a.key.scope, a.key.entity) == std::tie(b.customer_name, b.key.scope, b.key.entity);
}

std::string who(const AlertNote& note) {
    if (!note.customer_name.empty()) return line(note.customer_name);
    if (!note.customer_id.empty()) return line(note.customer_id);
    switch (note.key.scope) {
        case Scope::segment: return "Segment " + line(note.key.entity);
        case Scope::portfolio: return "All customers";
        case Scope::source: return note.key.entity.empty() ? "The data" : "Data: " + line(note.key.entity);
        default: return line(note.key.entity);
    }
}

std::string mark_of(const AlertNote& note) {
    if (note.transition == Transition::resolved) return "Resolved";
    if (note.transition == Transition::closed) return "Closed";
    switch (note.telling) {
        case Telling::handed_over: return "Handed over";
        case Telling::flapping:
            if (note.transition == Transition::escalated) break;  // its remark says the rest
            return "Comes and goes";
        case Telling::step: return note.answered_by.empty() ? "Unanswered" : "Still open";
        case Telling::repeat: return "Still open";
        case Telling::news:
        case Telling::restated: break;
    }
    const bool is_critical = note.severity == Severity::critical;
    if (note.transition == Transition::escalated) return is_critical ? "Now critical" : "Now a warning";
    if (note.transition == Transition::eased) return "No longer critical";
    if (is_critical) return "Critical";
    return note.severity == Severity::warning ? "Warning" : "For information";
}

std::string said_below_name(const AlertNote& note) {
    const std::string text = sentence_of(note), name = line(note.customer_name);
    if (name.empty() || !text.starts_with(name)) return text;
    const std::string rest = text.substr(name.size());
    if (rest.size() > 2 && rest.starts_with(": ")) return rest.substr(2);
    return rest.size() > 1 && rest[0] == ' ' && rest[1] >= 'a' && rest[1] <= 'z' ? rest.substr(1) : text;
}

std::string remark_of(const AlertNote& note, Day as_of) {
    if (!note.untold_problem.empty()) {
        return "Over by " + readable_date(as_of) +
               ". You were not told meanwhile, because the message could not be delivered.";
    }
    if (note.transition == Transition::closed) {
        return note.closed_because.empty() ? "This is not a recovery."
                                           : capitalised(line(note.closed_because)) + ". This is not a recovery.";
    }
    if (is_over(note)) return "";
    switch (note.telling) {
        case Telling::handed_over:
            return (note.new_owner.empty() ? "Somebody else" : line(note.new_owner)) +
                   " looks after this customer now. You are no longer asked.";
        case Telling::flapping:
            return note.transition == Transition::escalated
                       ? "It comes and goes: you hear of it again once it has settled."
                       : "You hear of it again once it has settled.";
        case Telling::step:
            if (!note.answered_by.empty()) return held_once(note) + ". You are told too.";
            return (note.doer.empty() || note.asked_to_act ? "Nobody" : line(note.doer)) +
                   (note.doer.empty() || note.asked_to_act ? " has answered" : " has not answered") +
                   ", so you are told too.";
        case Telling::repeat: return note.answered_by.empty() ? "Nobody has answered yet." : held_once(note) + ".";
        case Telling::news:
        case Telling::restated: break;
    }
    return "";
}

std::string amount_a_year(double minor_amount, const std::string& currency) {
    return format_value(Value::of(minor_amount / minor_units), Format::money, currency) + " a year";
}

std::string until(Day deadline, Day as_of) {
    const auto days = (deadline - as_of).count();
    const std::string left = days > 0    ? "in " + counted(days, "day")
                             : days == 0 ? "today"
                                         : counted(-days, "day") + " ago";
    return fmt::format("{} ({})", readable_date(deadline), left);
}

std::string note_sentence(const AlertNote& note) {
    const std::string text = sentence_of(note), name = line(note.customer_name);
    const bool names_it = !name.empty() && text.find(name) != std::string::npos;
    const bool speaks_for_itself =
        note.key.scope == Scope::segment || note.key.scope == Scope::portfolio || note.key.scope == Scope::source;
    return names_it || (speaks_for_itself && !note.message.empty()) ? text : who(note) + ": " + text;
}

std::string note_subject(const AlertNote& note, std::size_t most_characters) {
    constexpr int worth_naming = 12;
    std::string text = lead_of(note) + note_sentence(note);
    const std::string outcome = line(note.outcome);
    const auto at = outcome.empty() ? std::string::npos : text.find(outcome);
    const auto long_by = [&] { return characters(text) - static_cast<int>(most_characters); };
    if (at != std::string::npos && long_by() > 0) {
        // What was promised can be abbreviated; by how much it is missed cannot.
        const auto clause = text.find(", ", at + outcome.size());
        text = text.substr(0, clause);
        const int room = std::max(worth_naming, characters(outcome) - std::max(0, long_by()));
        text.replace(at, outcome.size(), shortened(outcome, static_cast<std::size_t>(room)));
    }
    return shortened(text, most_characters);
}

LineWords note_line(const AlertNote& note, const RenderOptions& options) {
    const std::string mark = mark_of(note), said = said_below_name(note);
    LineWords words{.lead = who(note), .text = is_over(note) ? mark + ". It was: " + said : said};
    const bool is_plain = mark == "Warning" || mark == "For information" || is_over(note);
    if (!is_plain) words.text = mark + ": " + said;
    if (!is_over(note) && note.telling != Telling::handed_over) words.link = link_of(note, options);
    return words;
}

StoryWords story_words(const std::vector<const AlertNote*>& notes, Day as_of, const RenderOptions& options) {
    StoryWords story{.headline = who(*notes.front())};
    for (const AlertNote* note : notes) story.notes.push_back(note_words(*note, as_of, options));
    std::vector<Fact> common = common_facts(notes, as_of, options.currency);
    if (notes.size() > 1) {
        story.facts = std::move(common);
    } else {
        std::vector<Fact>& facts = story.notes.front().facts;
        facts.insert(facts.end(), common.begin(), common.end());
    }
    return story;
}

}  // namespace retaind
