// Only what `fields` of a receiver names leaves.
#include <algorithm>

#include "bodies.hpp"
#include "line.hpp"

namespace retaind {
namespace {

class Sieve {
public:
    explicit Sieve(const std::vector<std::string>& fields) : fields_(fields) {}

    template <class Value>
    void keep(std::string_view field, Value& value) const {
        if (!may_leave(field, fields_)) value = Value{};
    }
    void keep_number(std::string_view field, double& number) const {
        if (!may_leave(field, fields_)) number = missing;
    }

    void of_note(AlertNote& note) const {
        keep("customer_id", note.customer_id);
        keep("customer_name", note.customer_name);
        keep("segment", note.segment);
        keep("message", note.message);
        keep("advice", note.advice);
        keep("reasons", note.reasons);
        keep("since", note.since);
        keep("deadline", note.deadline);
        keep_number("revenue", note.revenue);
        keep_number("risk", note.risk);
        keep("outcome", note.outcome);
        keep("untold_problem", note.untold_problem);
        keep("acknowledged_by", note.acknowledged_by);
        // That somebody answered is part of `telling`; who it was is not.
        if (!note.answered_by.empty() && !may_leave("acknowledged_by", fields_)) note.answered_by = {""};
        keep("new_owner", note.new_owner);
        keep("record", note.record);
        keep("doer", note.doer);
        keep("asked_to_act", note.asked_to_act);
        keep("closed_because", note.closed_because);
    }

    void of_digest(Digest& digest) const {
        for (AlertNote& note : digest.act_today) of_note(note);
        keep("digest", digest.moved);
        keep("digest", digest.due);
        keep("digest", digest.kept);
        keep("digest", digest.unknown);
        for (DigestMove& move : digest.moved) of_customer(move);
        for (DigestDue& due : digest.due) {
            of_customer(due);
            keep_number("revenue", due.revenue);
            if (due.what != "notice" && due.what != "renewal") keep("outcome", due.what);
        }
        for (DigestKept& kept : digest.kept) {
            of_customer(kept);
            keep("outcome", kept.outcome);
        }
    }

private:
    void of_customer(auto& part) const {
        keep("customer_id", part.customer_id);
        keep("customer_name", part.customer_name);
    }

    const std::vector<std::string>& fields_;
};

}  // namespace

bool may_leave(std::string_view field, const std::vector<std::string>& fields) {
    const auto always_end = receiver_fields.begin() + identifying_fields;
    return fields.empty() || std::find(receiver_fields.begin(), always_end, field) != always_end ||
           std::find(fields.begin(), fields.end(), field) != fields.end();
}

Message only(Message message, const std::vector<std::string>& fields) {
    const Sieve sieve{fields};
    sieve.keep("recipient", message.recipient);
    for (AlertNote& note : message.notes) sieve.of_note(note);
    if (message.digest) sieve.of_digest(*message.digest);
    return message;
}

std::string link_of(const AlertNote& note, const RenderOptions& options) {
    return options.link && may_leave("link", options.receiver.fields) ? safe_link(options.link(note)) : "";
}

}  // namespace retaind
