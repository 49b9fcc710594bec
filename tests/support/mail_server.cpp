#include "support/mail_server.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace retaind::test {

std::vector<std::string> MailServer::messages() const {
    const std::lock_guard hold{guard_};
    std::vector<std::string> texts;
    for (const Mail& mail : mails_) texts.push_back(mail.text);
    return texts;
}

std::vector<MailServer::Mail> MailServer::taken() const {
    const std::lock_guard hold{guard_};
    std::vector<Mail> all;
    std::ranges::copy_if(mails_, std::back_inserter(all), &Mail::taken);
    return all;
}

std::vector<std::string> MailServer::verbs() const {
    const std::lock_guard hold{guard_};
    return verbs_;
}

std::string MailServer::heard() const {
    const std::lock_guard hold{guard_};
    return heard_;
}

bool MailServer::is_met(const Talk& talk, std::string_view verb) const {
    const bool meant = verb == script_.verb || (script_.verb == "EHLO" && verb == "HELO");
    const std::lock_guard hold{guard_};
    return meant && (!script_.meets || script_.meets(talk.number, talk.recipient));
}

/// False when the conversation ends here.
bool MailServer::answer(Talk& talk, const std::string& verb, const std::string& usual) const {
    if (!is_met(talk, verb)) return talk.peer.say(usual);
    if (script_.silent) talk.peer.until_gone();
    return !script_.silent && !script_.answer.empty() && talk.peer.say(script_.answer + "\r\n");
}

std::optional<std::string> MailServer::next(Talk& talk) {
    auto line = talk.peer.line();
    const std::lock_guard hold{guard_};
    if (line) heard_ += *line + "\n";
    return line;
}

template <class Where, class What>
void MailServer::note(Where& where, const What& what) {
    const std::lock_guard hold{guard_};
    where.push_back(what);
}

bool MailServer::log_in(Talk& talk) {
    if (is_met(talk, "AUTH")) return answer(talk, "AUTH", "");
    return talk.peer.say("334 \r\n") && next(talk) && answer(talk, "PASS", "235 welcome\r\n");
}

bool MailServer::take_text(Talk& talk) {
    std::string text;
    for (auto line = next(talk); line; line = next(talk)) {
        if (is_met(talk, "inside")) return answer(talk, "inside", "");
        if (*line == ".") {
            const bool refused = is_met(talk, ".") && !script_.silent && !script_.answer.empty();
            note(mails_, Mail{.recipient = talk.recipient, .text = text, .taken = !refused});
            return answer(talk, ".", "250 taken\r\n");
        }
        text += *line + "\n";
    }
    return false;
}

void MailServer::serve(Peer& peer) {
    Talk talk{.peer = peer};
    {
        const std::lock_guard hold{guard_};
        talk.number = connections_++;
    }
    if (!answer(talk, "greeting", "220 test\r\n")) return;
    for (auto line = next(talk); line; line = next(talk)) {
        const auto verb = line->substr(0, 4);
        note(verbs_, verb);
        if (verb == "RCPT") talk.recipient = line->substr(9, line->find('>') - 9);  // RCPT TO:<...>
        if (verb == "AUTH") {
            if (!log_in(talk)) return;
            continue;
        }
        const auto usual = verb == "EHLO" ? script_.offers : verb == "DATA" ? "354 go\r\n" : "250 ok\r\n";
        if (!answer(talk, verb, usual) || verb == "QUIT") return;
        if (verb == "STAR" && script_.answer.starts_with("220")) return;  // what follows would be TLS
        if (verb == "DATA" && !is_met(talk, verb) && !take_text(talk)) return;
    }
}

std::string message_id(const std::string& mail) {
    const auto at = mail.find("Message-ID: ");
    return at == mail.npos ? "" : mail.substr(at, mail.find('\n', at) - at);
}

}  // namespace retaind::test
