// What a browser is shown: whole pages as HTML (mustache), without any script, readable on a phone. All text is
// escaped; the same text always stands in the same tree of tags.
#pragma once

#include <string>
#include <vector>

namespace retaind {

/// A page that only says something.
struct NoticePage {
    std::string brand = {};  ///< "" reads "retaind"
    std::string title, text;
};

/// The small page of one alert, behind the signed link in a message.
struct AlertPage {
    struct Fact {
        std::string label, text;
    };

    std::string brand = {};  ///< "" reads "retaind"
    std::string who = {};
    std::string mark = {};     ///< "critical", "warning", "info"; "resolved", "closed"
    std::string message = {};  ///< what happened
    std::vector<Fact> facts = {};
    std::vector<std::string> reasons = {};
    std::string advice = {};
    std::string done = {};     ///< what the reader has just done
    std::string problem = {};  ///< why it was not done
    std::string over = {};     ///< why nothing is to be done any more; with it there are no forms
    std::string reader = {};   ///< as whom they answer

    std::string seen_for = {}, on_it_for = {}, wrong_for = {};  ///< how long each holds: "3 days"
    std::string looked_at = {};                                 ///< the severity that a form sends along
    std::string first_day = {}, last_day = {};                  ///< of a snooze: 2026-03-01
    std::string until = {}, reason = {};                        ///< as filled in before, when that was not right
    std::size_t longest_comment = 0;
};

std::string page_html(const NoticePage& page);
/// Its forms post `answer` (seen, on_it, wrong, snooze), `looked_at`, `comment` and `until` to the page's own address.
std::string page_html(const AlertPage& page);

/// The Content-Security-Policy that these pages need, and nothing more: their own style by its hash, forms to
/// themselves.
const std::string& page_policy();

}  // namespace retaind
