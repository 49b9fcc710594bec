#include <filesystem>
#include <functional>
#include <system_error>

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "company_model.hpp"

namespace retaind::demo {

namespace {

constexpr const char* schema[] = {
    R"(CREATE TABLE staff (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, mail TEXT NOT NULL, boss TEXT, tz TEXT, away_until DATE, stand_in TEXT,
        skills TEXT))",
    R"(CREATE TABLE account (
        no TEXT PRIMARY KEY, name TEXT NOT NULL, vertical TEXT NOT NULL, buys_on TEXT NOT NULL, place TEXT,
        owner TEXT REFERENCES staff, sold_by TEXT REFERENCES staff, joined DATE NOT NULL, won_for NUMERIC,
        monthly_cost NUMERIC, mood INTEGER, mood_on DATE, mood_note TEXT, no_profiling INTEGER NOT NULL))",
    R"(CREATE TABLE contract (
        no INTEGER PRIMARY KEY, account TEXT NOT NULL REFERENCES account, product TEXT, state TEXT NOT NULL,
        begins DATE NOT NULL, term_ends DATE NOT NULL, stopped DATE, notice INTEGER, monthly NUMERIC NOT NULL,
        list_price NUMERIC, money TEXT, licences INTEGER, phase TEXT, why_left TEXT))",
    R"(CREATE TABLE login_day (
        account TEXT NOT NULL REFERENCES account, day DATE NOT NULL, people INTEGER, actions INTEGER,
        loaded_at TIMESTAMP NOT NULL))",
    R"(CREATE TABLE fixture (no INTEGER PRIMARY KEY, day DATE NOT NULL, title TEXT))",
    R"(CREATE TABLE visit (
        account TEXT NOT NULL REFERENCES account, fixture INTEGER NOT NULL REFERENCES fixture, outcome TEXT NOT NULL))",
    R"(CREATE TABLE contact (
        account TEXT NOT NULL REFERENCES account, day DATE NOT NULL, what TEXT NOT NULL, via TEXT, staff TEXT,
        minutes INTEGER))",
    R"(CREATE TABLE ticket (account TEXT NOT NULL REFERENCES account, day DATE NOT NULL, topic TEXT NOT NULL))",
    R"(CREATE TABLE journal (
        account TEXT NOT NULL REFERENCES account, day DATE NOT NULL, what TEXT NOT NULL, days_late INTEGER))",
    R"(CREATE TABLE survey (account TEXT NOT NULL REFERENCES account, day DATE NOT NULL, score INTEGER))",
    R"(CREATE TABLE neighbour (
        account TEXT NOT NULL REFERENCES account, other TEXT NOT NULL REFERENCES account, why TEXT NOT NULL))",
    R"(CREATE TABLE commitment (
        no TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, what TEXT NOT NULL, form TEXT NOT NULL,
        start_value NUMERIC, goal NUMERIC NOT NULL, unit TEXT, from_day DATE NOT NULL, until_day DATE NOT NULL,
        counted_by TEXT, made_by TEXT REFERENCES staff, kept_by TEXT REFERENCES staff, weight INTEGER))",
    R"(CREATE TABLE commitment_reading (
        commitment TEXT NOT NULL REFERENCES commitment, day DATE NOT NULL, value NUMERIC, told INTEGER NOT NULL))",
    R"(CREATE TABLE commitment_step (
        commitment TEXT NOT NULL REFERENCES commitment, step INTEGER NOT NULL, due DATE NOT NULL, weight NUMERIC,
        done DATE, grade INTEGER, graded DATE))",
    R"(CREATE TABLE outside_demand (vertical TEXT NOT NULL, week DATE NOT NULL, value NUMERIC))",
    R"(CREATE TABLE note (day DATE NOT NULL, says TEXT NOT NULL, vertical TEXT))",
    R"(CREATE TABLE planted_truth (
        story TEXT NOT NULL, who TEXT NOT NULL, name TEXT NOT NULL, rule TEXT, told TEXT NOT NULL,
        should_alert INTEGER NOT NULL, from_day DATE NOT NULL, until_day DATE NOT NULL))",
    R"(CREATE TABLE planted_leavers (
        account TEXT PRIMARY KEY REFERENCES account, day DATE NOT NULL, why TEXT, warned INTEGER NOT NULL))",
};

constexpr const char* indexes[] = {
    "CREATE INDEX contract_of ON contract (account)",
    "CREATE INDEX login_day_on ON login_day (day)",
    "CREATE INDEX fixture_on ON fixture (day)",
    "CREATE INDEX visit_of ON visit (fixture)",
    "CREATE INDEX contact_on ON contact (day)",
    "CREATE INDEX ticket_on ON ticket (day)",
    "CREATE INDEX journal_on ON journal (day)",
    "CREATE INDEX survey_on ON survey (day)",
    "CREATE INDEX reading_on ON commitment_reading (day)",
    "CREATE INDEX demand_on ON outside_demand (week)",
};

// One cell as text, or nothing; the column's affinity makes numbers of it.
struct Cell {
    std::string text;
    soci::indicator state = soci::i_ok;

    Cell(std::string words) : text(std::move(words)), state(text.empty() ? soci::i_null : soci::i_ok) {}
    Cell(const char* words) : Cell(std::string(words)) {}
    Cell(int number) : text(std::to_string(number)) {}
    Cell(std::size_t number) : text(std::to_string(number)) {}
    Cell(bool yes) : text(yes ? "1" : "0") {}
    Cell(double number) : text(fmt::format("{}", number)) {}
    Cell(Day day) : text(format_day(day)) {}
    template <class T>
    Cell(const std::optional<T>& maybe) : Cell(maybe ? Cell(*maybe) : Cell(std::string())) {}
};
using Cells = std::vector<Cell>;

Cell money(Cents cents) { return fmt::format("{}.{:02}", cents / 100, cents % 100); }

template <class Rows, class ToCells>
void write_table(soci::session& sql, const std::string& table, const Rows& rows, ToCells to_cells) {
    Cells cells;
    std::optional<soci::statement> insert;
    std::size_t number = 0;
    for (const auto& row : rows) {
        Cells fresh = to_cells(row, number++);
        if (!insert) {
            cells = fresh;
            std::string marks;
            for (std::size_t i = 0; i < cells.size(); ++i) marks += fmt::format("{}:c{}", i == 0 ? "" : ", ", i);
            insert.emplace(sql);
            insert->alloc();
            for (auto& cell : cells) insert->exchange(soci::use(cell.text, cell.state));
            insert->prepare("INSERT INTO " + table + " VALUES (" + marks + ")");
            insert->define_and_bind();
        }
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            cells[i].text.swap(fresh[i].text);
            cells[i].state = fresh[i].state;
        }
        insert->execute(true);
    }
}

void write_customers(soci::session& sql, const Company& company) {
    write_table(sql, "staff", company.staff, [](const Staff& s, std::size_t) {
        return Cells{s.id, s.name, s.mail, s.boss, "Europe/Berlin", s.away_until, s.stand_in, s.skills};
    });
    write_table(sql, "account", company.lives, [&](const Life& l, std::size_t) {
        const char* buys_on = l.segment == "season" ? "price" : l.segment == "boxes" ? "insight" : "product";
        const Cell mood_on = l.mood ? Cell(company.ago(30)) : Cell("");
        return Cells{l.id,
                     l.name,
                     l.segment,
                     buys_on,
                     l.place,
                     l.owner,
                     l.seller,
                     l.joined,
                     money(l.won_for),
                     money(l.monthly_cost),
                     l.mood,
                     mood_on,
                     l.mood ? "after the last call" : "",
                     false};
    });
    write_table(sql, "contract", company.contracts, [&](const Contract& c, std::size_t number) {
        const Life& life = company.lives[c.life];
        const bool over = c.state == "over" || c.state == "left";
        const Cell seats = life.licences > 0 ? Cell(life.licences) : Cell("");
        return Cells{number + 1,
                     life.id,
                     life.product,
                     c.state,
                     c.begins,
                     c.ends,
                     over ? Cell(c.ends) : Cell(""),
                     30,
                     money(c.monthly),
                     money(c.list),
                     "EUR",
                     seats,
                     c.phase,
                     c.state == "left" ? life.why_left : ""};
    });
    write_table(sql, "neighbour", company.neighbours, [&](const Neighbour& n, std::size_t) {
        return Cells{company.lives[n.life].id, company.lives[n.other].id, n.why};
    });
}

void write_life(soci::session& sql, const Company& company) {
    const auto id = [&](std::size_t life) { return company.lives[life].id; };
    write_table(sql, "login_day", company.logins, [&](const Login& l, std::size_t) {
        return Cells{id(l.life), l.day, l.people, l.actions, format_day(l.loaded) + " 23:30:00"};
    });
    write_table(sql, "fixture", company.fixtures, [](Day day, std::size_t number) {
        return Cells{number + 1, day, fmt::format("Evening {}", number + 1)};
    });
    write_table(sql, "visit", company.visits, [&](const Visit& v, std::size_t) {
        return Cells{id(v.life), v.fixture + 1, v.outcome};
    });
    write_table(sql, "contact", company.contacts, [&](const Contact& c, std::size_t) {
        return Cells{id(c.life), c.day, c.what, c.via, c.staff, c.minutes};
    });
    write_table(sql, "ticket", company.tickets, [&](const Ticket& t, std::size_t) {
        return Cells{id(t.life), t.day, t.topic};
    });
    write_table(sql, "journal", company.journal, [&](const Entry& e, std::size_t) {
        return Cells{id(e.life), e.day, e.what, e.days_late};
    });
    write_table(sql, "survey", company.surveys, [&](const Survey& s, std::size_t) {
        return Cells{id(s.life), s.day, s.score};
    });
    write_table(sql, "outside_demand", company.demand, [](const Demand& d, std::size_t) {
        return Cells{d.segment, d.week, d.value};
    });
    write_table(sql, "note", company.notes, [](const Note& n, std::size_t) { return Cells{n.day, n.text, n.segment}; });
}

void write_promised(soci::session& sql, const Company& company) {
    const auto promise = [&](std::size_t commitment) { return company.commitments[commitment].id; };
    write_table(sql, "commitment", company.commitments, [&](const Commitment& c, std::size_t) {
        const Life& life = company.lives[c.life];
        const Pledge& p = c.pledge;
        const bool steps = p.kind == PledgeKind::milestones;
        const char* form = steps ? "steps" : p.kind == PledgeKind::hold ? "keep" : "get to";
        const Cell start = steps ? Cell("") : Cell(p.start_value);
        const char* counted_by = !p.measured ? "" : steps ? "steps" : "readings";
        return Cells{c.id,   life.id, p.what,     form,        start,       p.goal,      p.unit,
                     p.from, p.due,   counted_by, life.seller, life.keeper, p.importance};
    });
    write_table(sql, "commitment_reading", company.readings, [&](const CommitmentReading& r, std::size_t) {
        return Cells{promise(r.commitment), r.day, r.value, r.told};
    });
    write_table(sql, "commitment_step", company.steps, [&](const Step& s, std::size_t) {
        const Cell graded = s.done ? Cell(plus(*s.done, 14)) : Cell("");
        return Cells{promise(s.commitment), s.number, s.due, s.weight, s.done, s.grade, graded};
    });
}

void write_truth(soci::session& sql, const Company& company) {
    write_table(sql, "planted_truth", company.stories, [](const Story& s, std::size_t) {
        return Cells{s.name, s.customer_id_or_segment, s.customer_name, s.rule, s.told, s.should_alert, s.from, s.to};
    });
    std::vector<Life> leavers;
    for (const auto& life : company.lives)
        if (life.leaves) leavers.push_back(life);
    write_table(sql, "planted_leavers", leavers, [](const Life& l, std::size_t) {
        return Cells{l.id, l.leaves, l.why_left, l.warned};
    });
}

void write_database(const Company& company, const std::string& path) {
    soci::session sql(soci::sqlite3, "db=\"" + path + "\"");
    sql << "PRAGMA journal_mode = OFF";
    sql << "PRAGMA synchronous = OFF";
    soci::transaction whole(sql);
    for (const char* statement : schema) sql << statement;
    write_customers(sql, company);
    write_life(sql, company);
    write_promised(sql, company);
    write_truth(sql, company);
    for (const char* statement : indexes) sql << statement;
    whole.commit();
}

}  // namespace

Result<void> store_company(const Company& company, const std::string& path) {
    const std::string fresh = path + ".new";
    std::error_code ignored, failed;
    std::filesystem::remove(fresh, ignored);
    try {
        write_database(company, fresh);
    } catch (const soci::soci_error& error) {
        std::filesystem::remove(fresh, ignored);
        return Error{ErrorKind::source,
                     "the demo company could not be written to " + path + ": " + error.get_error_message(),
                     "choose a folder that exists and can be written"};
    }
    std::filesystem::rename(fresh, path, failed);
    if (failed)
        return Error{ErrorKind::source, "the demo company could not be moved to " + path + ": " + failed.message()};
    return {};
}

}  // namespace retaind::demo
