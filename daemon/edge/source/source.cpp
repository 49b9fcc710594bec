#include "edge/source/source.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "edge/source/session.hpp"
#include "retaind/rules/fields.hpp"

namespace retaind {
namespace {

using source::BoundQuery;
using source::Failure;
using source::Session;

constexpr std::chrono::milliseconds connect_grace{500};
constexpr Seconds shortest_connect_timeout{2};

/// A connection in the making. It is made on a thread of its own, which nobody has to wait for: a name server or a
/// server that accepts and never answers holds up that thread, not the cycle.
struct Attempt {
    std::mutex mutex;
    std::condition_variable done;
    bool is_done = false;
    std::unique_ptr<Session> session;
    std::exception_ptr trouble;
};

void connect_into(Attempt& attempt, const SourceSettings& settings) {
    std::unique_ptr<Session> session;
    std::exception_ptr trouble;
    try {
        session = source::connect(settings);
    } catch (...) {
        trouble = std::current_exception();
    }
    const std::lock_guard lock{attempt.mutex};
    attempt.session = std::move(session);
    attempt.trouble = trouble;
    attempt.is_done = true;
    attempt.done.notify_all();
}

class DatabaseSource final : public Source {
public:
    DatabaseSource(SourceSettings settings, std::function<void()> moved)
        : settings_(std::move(settings)), moved_(std::move(moved)) {}

    Result<std::vector<Dataset>> read(const std::vector<DatasetRequest>& requests) override {
        std::vector<Dataset> datasets;
        const auto trouble = in_session([&](Session& session) {
            session.begin();
            for (const auto& request : requests) datasets.push_back(read_one(session, request));
            session.rollback();
        });
        if (trouble) return *trouble;
        return datasets;
    }

    std::vector<Error> check(const std::vector<DatasetRequest>& requests) override {
        std::vector<Error> findings;
        const auto trouble = in_session([&](Session& session) {
            for (const auto& request : requests) {
                session.begin();
                try {
                    check_one(session, request);
                    check_named(session, request, findings);
                } catch (const Failure& failure) {
                    findings.push_back(error_of(failure));
                }
                session.rollback();
            }
        });
        if (trouble) findings.push_back(*trouble);
        return findings;
    }

    void cancel() override {
        std::shared_ptr<Attempt> connecting;
        {
            const std::lock_guard lock{mutex_};
            cancelled_ = true;
            if (session_) session_->cut();
            connecting = attempt_;
        }
        if (!connecting) return;
        const std::lock_guard lock{connecting->mutex};
        connecting->done.notify_all();
    }

private:
    template <class Work>
    std::optional<Error> in_session(Work work);
    std::unique_ptr<Session> connected();
    std::shared_ptr<Attempt> attempt();
    void hold(Session* session);

    Dataset read_one(Session& session, const DatasetRequest& request);
    void check_one(Session& session, const DatasetRequest& request);
    void check_named(Session& session, const DatasetRequest& request, std::vector<Error>& findings);
    BoundQuery bind(Session& session, const std::string& query, const DatasetRequest& request);
    DatasetReader open_reader(Session& session, const BoundQuery& query, const DatasetRequest& request);
    std::optional<Day> read_watermark(Session& session, const DatasetRequest& request);
    void refuse_bad(const Dataset& dataset) const;

    Error error_of(const Failure& failure) const;
    std::string without_secret(std::string text) const;

    const SourceSettings settings_;
    const std::function<void()> moved_;
    std::atomic<bool> cancelled_ = false;
    std::mutex mutex_;  // guards what follows, for cancel()
    Session* session_ = nullptr;
    std::shared_ptr<Attempt> attempt_;
};

// ---- connecting -----------------------------------------------------------------------------------------------------

/// The attempt that is still under way, or a new one: so never more than one thread waits for a dead server.
std::shared_ptr<Attempt> DatabaseSource::attempt() {
    const std::lock_guard lock{mutex_};
    if (attempt_) {
        const std::lock_guard inner{attempt_->mutex};
        if (!attempt_->is_done) return attempt_;
    }
    attempt_ = std::make_shared<Attempt>();
    std::thread{[attempt = attempt_, settings = settings_] { connect_into(*attempt, settings); }}.detach();
    return attempt_;
}

std::unique_ptr<Session> DatabaseSource::connected() {
    const auto current = attempt();
    const auto limit = std::chrono::steady_clock::now() +
                       std::max(settings_.connect_timeout, shortest_connect_timeout) + connect_grace;
    std::unique_lock lock{current->mutex};
    current->done.wait_until(lock, limit, [&] { return current->is_done || cancelled_; });
    if (!current->is_done)
        throw Failure(fmt::format("no connection within {}", format_duration(settings_.connect_timeout)),
                      fmt::format("is [source.{}] connection right, and the server up?", settings_.name));
    if (current->trouble) std::rethrow_exception(current->trouble);
    return std::move(current->session);
}

/// What cancel() may cut from now on.
void DatabaseSource::hold(Session* session) {
    const std::lock_guard lock{mutex_};
    session_ = session;
    if (session && cancelled_) session->cut();
}

template <class Work>
std::optional<Error> DatabaseSource::in_session(Work work) {
    std::optional<Error> trouble;
    std::unique_ptr<Session> session;
    if (cancelled_) return error_of(Failure("reading was cancelled"));
    try {
        session = connected();
        moved_();
        hold(session.get());
        work(*session);
    } catch (const Failure& failure) {
        trouble = error_of(cancelled_ ? Failure("reading was cancelled") : failure);
    } catch (const std::exception& error) {
        trouble = error_of(Failure(error.what()));
    }
    hold(nullptr);
    return trouble;
}

// ---- one dataset ----------------------------------------------------------------------------------------------------

/// Runs a step and names the dataset it was for in whatever goes wrong.
template <class Step>
auto for_dataset(const std::string& name, Step step) {
    try {
        return step();
    } catch (const Failure& failure) {
        throw Failure(fmt::format("dataset \"{}\": {}", name, failure.what()), failure.hint, failure.kind);
    }
}

BoundQuery DatabaseSource::bind(Session& session, const std::string& query, const DatasetRequest& request) {
    auto parsed = source::parse_query(query, session.dialect());
    if (!parsed) throw Failure(parsed.error().message, parsed.error().hint);
    return {.query = std::move(*parsed),
            .from = request.from,
            .to = request.to,
            .longest_cell = request.options.limits.cell_bytes};
}

DatasetReader DatabaseSource::open_reader(Session& session, const BoundQuery& query, const DatasetRequest& request) {
    auto columns = for_dataset(request.options.name, [&] { return session.describe(query); });
    moved_();
    auto reader = DatasetReader::open(request.options, std::move(columns));
    if (!reader) throw Failure(reader.error().message, reader.error().hint);
    return std::move(reader).value();
}

Dataset DatabaseSource::read_one(Session& session, const DatasetRequest& request) {
    const auto& name = request.options.name;
    const auto query = for_dataset(name, [&] { return bind(session, request.query, request); });
    auto reader = open_reader(session, query, request);
    for_dataset(name, [&] {
        session.read(query, [&](std::span<const Cell> cells) {
            moved_();
            if (reader.add(cells)) return true;
            throw Failure(fmt::format("more than {} rows", reader.rows_read()),
                          "aggregate in the query, or read less history");
        });
    });
    moved_();
    auto dataset = std::move(reader).finish();
    for_dataset(name, [&] {
        refuse_bad(dataset);
        dataset.watermark = read_watermark(session, request);
    });
    moved_();
    return dataset;
}

void DatabaseSource::check_one(Session& session, const DatasetRequest& request) {
    const auto& name = request.options.name;
    const auto query = for_dataset(name, [&] { return bind(session, request.query, request); });
    open_reader(session, query, request);
    for_dataset(name, [&] {
        session.read(
            query, [](std::span<const Cell>) { return false; }, false);
        read_watermark(session, request);
    });
}

/// What only rules ask for.
void DatabaseSource::check_named(Session& session, const DatasetRequest& request, std::vector<Error>& findings) {
    if (request.named.empty()) return;
    const auto columns = session.describe(bind(session, request.query, request));
    const std::vector<std::string_view> names(columns.begin(), columns.end());
    for (const auto& name : request.named) {
        if (std::find(columns.begin(), columns.end(), name) != columns.end()) continue;
        const auto meant = nearest(name, names);
        findings.push_back(error_of(
            Failure(fmt::format("dataset \"{}\": the rules name \"{}\", a column that the query does not bring",
                                request.options.name, name),
                    meant.empty() ? "add it to the query" : fmt::format("did you mean \"{}\"?", meant))));
    }
}

std::optional<Day> DatabaseSource::read_watermark(Session& session, const DatasetRequest& request) {
    if (request.watermark_query.empty()) return std::nullopt;
    const auto query = bind(session, request.watermark_query, request);
    if (session.describe(query).size() != 1)
        throw Failure("the watermark query must return one column", "SELECT max(day) ... - the newest complete day");
    std::optional<Day> watermark;
    session.read(query, [&](std::span<const Cell> cells) {
        if (!cells[0]) return false;
        const auto moment = parse_moment(*cells[0]);
        if (!moment)
            throw Failure("the watermark query returned no date", "SELECT max(day) ... - the newest complete day");
        watermark = moment->day;
        if (moment->utc_offset)
            watermark =
                request.options.day_zone.local_day(Instant{moment->day + *moment->time_of_day - *moment->utc_offset});
        return false;
    });
    return watermark;
}

void DatabaseSource::refuse_bad(const Dataset& dataset) const {
    const auto rejected = rejected_rows(dataset.rejected);
    if (dataset.rows_read < settings_.bad_rows_of) return;
    if (static_cast<double>(rejected) <= settings_.bad_rows * static_cast<double>(dataset.rows_read)) return;
    throw Failure(fmt::format("{} of {} rows are bad: {}", rejected, dataset.rows_read, describe(dataset.rejected)),
                  fmt::format("mend the query or the data; [source.{}] bad_rows allows {:g} %", settings_.name,
                              settings_.bad_rows * 100),
                  ErrorKind::bad_data);
}

// ---- what is said ---------------------------------------------------------------------------------------------------

Error DatabaseSource::error_of(const Failure& failure) const {
    return {.kind = failure.kind,
            .message = without_secret(fmt::format("source \"{}\": {}", settings_.name, failure.what())),
            .hint = without_secret(failure.hint)};
}

std::string DatabaseSource::without_secret(std::string text) const {
    const auto& secret = settings_.password.value;
    if (secret.empty()) return text;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
        text.replace(at, secret.size(), "***");
    return text;
}

}  // namespace

std::unique_ptr<Source> open_source(const SourceSettings& settings, std::function<void()> moved) {
    return std::make_unique<DatabaseSource>(
        settings, moved ? std::move(moved) : [] {});
}

Seconds longest_answer(const SourceSettings& settings) {
    return std::max({settings.timeout, settings.connect_timeout, shortest_connect_timeout}) + Seconds{1};
}

}  // namespace retaind
