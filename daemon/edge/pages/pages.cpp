#include "edge/pages/pages.hpp"

#include <array>

#include <openssl/evp.h>

#include <fmt/format.h>
#include <kainjow/mustache.hpp>

namespace retaind {
namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;

/// The look of all pages. Its hash is what lets it through the policy, so it stands in each page to the byte.
constexpr const char* style = R"(
:root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--text:#1c2430;--soft:#4a5568;--line:#d5dae1;--act:#1d4ed8}
@media(prefers-color-scheme:dark){
:root{--back:#11161d;--card:#1a212b;--text:#e7ebf0;--soft:#a6b0bd;--line:#344050;--act:#7aa2ff}}
*{box-sizing:border-box}
body{margin:0;padding:12px;background:var(--back);color:var(--text);
font:16px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;overflow-wrap:anywhere}
main{max-width:600px;margin:0 auto}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:0 0 12px}
h1{font-size:22px;line-height:1.25;margin:2px 0 8px}
h2{font-size:15px;margin:14px 0 4px}
p{margin:0 0 8px}
.mark{font-size:13px;font-weight:600;text-transform:uppercase;letter-spacing:.04em;color:var(--soft)}
.critical{color:#b42318}.warning{color:#b54708}.resolved{color:#067647}
@media(prefers-color-scheme:dark){.critical{color:#ff8a7a}.warning{color:#ffb36b}.resolved{color:#5fd39b}}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:8px 0 0}
dt{color:var(--soft)}dd{margin:0}
ul{margin:0;padding-left:20px}
.said{border-left:4px solid #067647}.problem{border-left:4px solid #b42318}
form{border-top:1px solid var(--line);padding:12px 0}
form:first-of-type{border-top:0}
label{display:block;font-size:14px;color:var(--soft);margin:8px 0 2px}
input{width:100%;padding:8px;
font:inherit;color:inherit;background:var(--back);border:1px solid var(--line);border-radius:6px}
button{font:inherit;font-size:16px;font-weight:600;min-height:44px;padding:8px 18px;border:1px solid var(--act);
border-radius:6px;background:transparent;color:var(--act);cursor:pointer}
button[value=on_it]{background:var(--act);color:var(--card)}
.card>:last-child{margin-bottom:0}
form p{margin:8px 0 0;font-size:14px;color:var(--soft)}
.foot{font-size:13px;color:var(--soft)}
)";

constexpr const char* frame = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{title}}</title><style>{{{style}}}</style></head>
<body><main>
{{{body}}}
<p class="foot">{{brand}}</p>
</main></body></html>
)";

constexpr const char* notice_body = R"(<div class="card"><h1>{{title}}</h1>
<p>{{text}}</p></div>)";

constexpr const char* alert_body = R"({{#done}}<div class="card said" role="status"><p>{{done}}</p></div>
{{/done}}{{#problem}}<div class="card problem" role="alert"><p>{{problem}}</p></div>
{{/problem}}<div class="card">
<div class="mark {{mark}}">{{mark}}</div>
<h1>{{who}}</h1>
<p>{{message}}</p>
{{#over}}<p><b>{{over}}</b></p>
{{/over}}<dl>{{#facts}}<dt>{{label}}</dt><dd>{{fact}}</dd>
{{/facts}}</dl>
{{#why}}<h2>Why</h2>
<ul>{{#reasons}}<li>{{reason}}</li>
{{/reasons}}</ul>
{{/why}}{{#advice}}<h2>Next step</h2>
<p>{{advice}}</p>
{{/advice}}</div>
{{#forms}}<div class="card">
<form method="post">{{{looked_at}}}
<button name="answer" value="on_it">I am on it</button>
<p>No reminders to anybody for {{on_it_for}}, unless it gets worse.</p>
</form>
<form method="post">{{{looked_at}}}
<button name="answer" value="seen">Seen</button>
<p>No reminders for {{seen_for}}, unless it gets worse.</p>
</form>
<form method="post">{{{looked_at}}}
<label for="snooze-until">Remind me again on</label>
<input id="snooze-until" type="date" name="until" required min="{{first_day}}" max="{{last_day}}" value="{{until}}">
<label for="snooze-reason">because</label>
<input id="snooze-reason" name="comment" required maxlength="{{longest_comment}}" value="{{reason}}">
<p><button name="answer" value="snooze">Snooze</button></p>
<p>Nothing about this alert reaches anybody until that day.</p>
</form>
<form method="post">{{{looked_at}}}
<label for="wrong-comment">What is wrong with it? (if you like)</label>
<input id="wrong-comment" name="comment" maxlength="{{longest_comment}}">
<p><button name="answer" value="wrong">This is wrong</button></p>
<p>It is counted with the rule, and not brought up again for {{wrong_for}}, unless it gets worse.</p>
</form>
</div>
<p class="foot">You answer as {{reader}}. What you say here is kept with the alert.</p>
{{/forms}})";

/// An empty text is left out, with what stands around it.
data part(const std::string& text) { return text.empty() ? data(data::type::bool_false) : data(text); }

std::string framed(const std::string& brand, const std::string& title, const std::string& body) {
    data all;
    all.set("title", title);
    all.set("style", std::string(style));
    all.set("body", body);
    all.set("brand", brand.empty() ? "retaind" : brand);
    return mustache(frame).render(all);
}

data facts_of(const AlertPage& page) {
    data facts{data::type::list};
    for (const AlertPage::Fact& fact : page.facts) {
        data each;
        each.set("label", fact.label);
        each.set("fact", fact.text);
        facts << each;
    }
    return facts;
}

data reasons_of(const AlertPage& page) {
    data reasons{data::type::list};
    for (const std::string& reason : page.reasons) reasons << data("reason", reason);
    return reasons;
}

}  // namespace

std::string page_html(const NoticePage& page) {
    data words;
    words.set("title", page.title);
    words.set("text", page.text);
    return framed(page.brand, page.title, mustache(notice_body).render(words));
}

std::string page_html(const AlertPage& page) {
    data words;
    words.set("done", part(page.done));
    words.set("problem", part(page.problem));
    words.set("mark", page.mark);
    words.set("who", page.who);
    words.set("message", page.message);
    words.set("over", part(page.over));
    words.set("facts", facts_of(page));
    words.set("why", page.reasons.empty() ? data::type::bool_false : data::type::bool_true);
    words.set("reasons", reasons_of(page));
    words.set("advice", part(page.advice));
    words.set("forms", page.over.empty() ? data::type::bool_true : data::type::bool_false);
    words.set("looked_at",
              mustache(R"(<input type="hidden" name="looked_at" value="{{it}}">)").render(data("it", page.looked_at)));
    words.set("seen_for", page.seen_for);
    words.set("on_it_for", page.on_it_for);
    words.set("wrong_for", page.wrong_for);
    words.set("first_day", page.first_day);
    words.set("last_day", page.last_day);
    words.set("until", page.until);
    words.set("reason", page.reason);
    words.set("longest_comment", fmt::format("{}", page.longest_comment));
    words.set("reader", page.reader);
    return framed(page.brand, page.who, mustache(alert_body).render(words));
}

const std::string& page_policy() {
    static const std::string policy = [] {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned int size = 0;
        EVP_Digest(style, std::char_traits<char>::length(style), digest.data(), &size, EVP_sha256(), nullptr);
        std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> text{};
        const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
        return fmt::format(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'",
            std::string(text.begin(), text.begin() + length));
    }();
    return policy;
}

}  // namespace retaind
