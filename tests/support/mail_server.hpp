// A mail server on loopback that is well until a verb, and then says or does what it is told.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "support/loopback_server.hpp"

namespace retaind::test {

struct MailScript {
    /// greeting, EHLO, STAR (STARTTLS), AUTH, PASS (what AUTH asked for), MAIL, RCPT, DATA, inside (the text), "."
    std::string verb = {};
    std::string answer = {};  ///< "": hangs up
    bool silent = false;      ///< instead: says nothing until the other side has gone
    std::string offers = "250-test\r\n250 8BITMIME\r\n";

    /// Which connections, counted from 0, and of them which recipients (known from RCPT on); empty: all.
    std::function<bool(int connection, const std::string& recipient)> meets = {};
};

class MailServer {
public:
    struct Mail {
        std::string recipient, text;
        bool taken = false;  ///< the server has it, whatever it said about it
    };

    explicit MailServer(MailScript script) : script_(std::move(script)), server_([this](Peer& peer) { serve(peer); }) {}

    int port() const { return server_.port(); }
    std::vector<std::string> messages() const;  ///< texts that came to their end
    std::vector<Mail> taken() const;
    std::vector<std::string> verbs() const;
    std::string heard() const;  ///< all that was said to it

private:
    struct Talk {
        Peer& peer;
        int number = 0;
        std::string recipient = {};
    };

    void serve(Peer& peer);
    bool is_met(const Talk& talk, std::string_view verb) const;
    bool answer(Talk& talk, const std::string& verb, const std::string& usual) const;
    bool log_in(Talk& talk);
    bool take_text(Talk& talk);
    std::optional<std::string> next(Talk& talk);
    template <class Where, class What>
    void note(Where& where, const What& what);

    MailScript script_;
    mutable std::mutex guard_;
    int connections_ = 0;
    std::vector<Mail> mails_ = {};
    std::vector<std::string> verbs_ = {};
    std::string heard_ = {};
    LoopbackServer server_;
};

/// The header's line.
std::string message_id(const std::string& mail);

}  // namespace retaind::test
