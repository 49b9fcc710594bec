#include "edge/state/mailing_records.hpp"

#include <string>
#include <vector>

#include "edge/state/cells.hpp"

namespace retaind {

namespace {

std::vector<Mailing> stored_mailings(soci::session& sql) {
    std::vector<Mailing> mailings;
    Mailing mailing;
    WholeCell digest_on, told_at;
    soci::statement rows =
        (sql.prepare << "SELECT receiver, recipient, digest_on, told_at FROM mailing "
                        "ORDER BY receiver, recipient",
         soci::into(mailing.receiver), soci::into(mailing.recipient), into(digest_on), into(told_at));
    rows.execute();
    while (rows.fetch()) {
        mailing.digest_on = digest_on.day();
        mailing.told_at = told_at.instant();
        mailings.push_back(mailing);
    }
    return mailings;
}

std::vector<Interruption> stored_interruptions(soci::session& sql) {
    std::vector<Interruption> interruptions;
    Interruption interruption;
    long long at = 0;
    soci::statement rows = (sql.prepare << "SELECT recipient, at, stories FROM interruption ORDER BY place",
                            soci::into(interruption.recipient), soci::into(at), soci::into(interruption.stories));
    rows.execute();
    while (rows.fetch()) {
        interruption.at = instant_of(at);
        interruptions.push_back(interruption);
    }
    return interruptions;
}

void replace_mailings(soci::session& sql, const std::vector<Mailing>& mailings) {
    sql << "DELETE FROM mailing";
    Mailing bound;
    WholeCell digest_on, told_at;
    soci::statement put = (sql.prepare << "INSERT INTO mailing (receiver, recipient, digest_on, told_at) "
                                          "VALUES (:receiver, :recipient, :digest, :told)",
                           soci::use(bound.receiver), soci::use(bound.recipient), use(digest_on), use(told_at));
    for (const auto& mailing : mailings) {
        bound = mailing;
        digest_on = mailing.digest_on;
        told_at = mailing.told_at;
        put.execute(true);
    }
}

void replace_interruptions(soci::session& sql, const std::vector<Interruption>& interruptions) {
    sql << "DELETE FROM interruption";
    Interruption bound;
    long long at = 0;
    soci::statement put = (sql.prepare << "INSERT INTO interruption (recipient, at, stories) "
                                          "VALUES (:recipient, :at, :stories)",
                           soci::use(bound.recipient), soci::use(at), soci::use(bound.stories));
    for (const auto& interruption : interruptions) {
        bound = interruption;
        at = to_column(interruption.at);
        put.execute(true);
    }
}

}  // namespace

void read_mailings(soci::session& sql, State& state) {
    state.mailings = stored_mailings(sql);
    state.interruptions = stored_interruptions(sql);
}

/// Most cycles write to nobody, and leave the rows alone.
void write_mailings(soci::session& sql, const State& state) {
    if (stored_mailings(sql) != state.mailings) replace_mailings(sql, state.mailings);
    if (stored_interruptions(sql) != state.interruptions) replace_interruptions(sql, state.interruptions);
}

}  // namespace retaind
