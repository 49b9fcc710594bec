// retaind.toml as plain values: what each edge is told (CONFIG.md). Defaults stand beside their keys.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/error.hpp"
#include "retaind/base/time.hpp"
#include "retaind/model/dataset.hpp"

namespace retaind {

/// A secret that must never be printed; read from a `*_file` key.
struct Secret {
    std::string value = {};
    bool empty() const { return value.empty(); }
    bool operator==(const Secret&) const = default;
};

enum class Backend { sqlite3, postgresql, mysql, odbc };

struct SourceSettings {
    std::string name;
    Backend backend = Backend::sqlite3;
    std::string connection;
    Secret password = {};
    Seconds timeout = Seconds{30};  ///< for one statement, whatever the server does
    Seconds connect_timeout = Seconds{5};
    int connections = 1;
    double bad_rows = 0.05;          ///< share of rejected rows that fails the source
    std::uint64_t bad_rows_of = 20;  ///< counted from so many rows on
    Position where = {};
    bool operator==(const SourceSettings&) const = default;
};

struct DatasetSettings {
    std::string name;
    std::string source;
    std::string query;
    std::string watermark = {};  ///< query for the newest complete day
    DatasetKind kind = DatasetKind::events;
    Seconds overlap = std::chrono::days{3}, overlap_every = std::chrono::days{1};
    std::optional<Seconds> stale_after = {};
    Seconds delay = Seconds{0};
    std::string timezone = {};  ///< "": the daemon's
    bool pushdown = false;
    Position where = {};
    bool operator==(const DatasetSettings&) const = default;
};

/// What `fields` of a receiver may name: the parts of an alert as docs/webhook.md calls them, the message's reader, and
/// what a digest holds besides alerts. The first nine identify an alert and what happened, and always leave.
inline constexpr std::array<std::string_view, 30> receiver_fields = {
    "rule",        "scope",          "entity",  "episode",        "seq",          "transition",
    "severity",    "state",          "telling", "message",        "advice",       "reasons",
    "customer_id", "customer_name",  "segment", "since",          "deadline",     "revenue",
    "risk",        "outcome",        "record",  "doer",           "asked_to_act", "acknowledged_by",
    "new_owner",   "untold_problem", "link",    "closed_because", "recipient",    "digest"};
inline constexpr std::size_t identifying_fields = 9;

enum class ReceiverType { email, webhook, slack, alertmanager, file };

struct ReceiverSettings {
    std::string name;
    ReceiverType type = ReceiverType::file;
    std::string smtp = {}, user = {}, from = {}, reply_to = {}, to = {};  ///< email; to = "{recipient}" or addresses
    Secret password = {};
    bool tls_required = true;  ///< off by default for loopback only
    Secret url = {};           ///< webhook, slack (secret, since a chat's URL is a key), alertmanager
    Secret hmac_key = {}, hmac_old_key = {};
    std::string path = {};                     ///< file: JSON lines
    std::uint64_t rotate_bytes = 64ull << 20;  ///< file: size at which it becomes path.1
    std::vector<std::string> fields = {};      ///< what may leave, of receiver_fields; empty: all
    Seconds timeout = Seconds{60};             ///< for one whole exchange
    std::string digest = {};                   ///< local time of this receiver's digest; "": [alerts] digest
    Seconds heartbeat = Seconds{0};            ///< webhook, file: how often it hears that all works; zero: never
    int max_per_minute = 60;
    Position where = {};
    bool operator==(const ReceiverSettings&) const = default;
};

struct StateSettings {
    Backend backend = Backend::sqlite3;
    std::string connection = {};  ///< "": db=state.db in the state directory
    Secret password = {};
    bool operator==(const StateSettings&) const = default;
};

/// [state.retention]: how long the state keeps what.
struct RetentionSettings {
    Seconds payloads = std::chrono::days{30}, rejects = std::chrono::days{14};
    Seconds scores = std::chrono::days{761}, audit = std::chrono::days{365};
    bool operator==(const RetentionSettings&) const = default;
};

struct ListenSettings {
    std::string listen = {};  ///< "127.0.0.1:9848"
    int max_connections = 256;
    bool operator==(const ListenSettings&) const = default;
};

/// [http]: the pages. Anything but loopback needs TLS and users, or a proxy that does both.
struct HttpSettings {
    ListenSettings listen = {.listen = "127.0.0.1:9847"};
    std::string tls_cert = {}, tls_key_file = {};  ///< paths, variables expanded
    std::string users_file = {};                   ///< path, variables expanded
    bool behind_proxy = false;
    bool operator==(const HttpSettings&) const = default;
};

/// [lease]: who may write, when several instances share a PostgreSQL state.
struct LeaseSettings {
    Seconds ttl = Seconds{30}, renew = Seconds{10}, stop = Seconds{20};
    bool operator==(const LeaseSettings&) const = default;
};

struct MetricsSettings {
    ListenSettings listen = {.listen = "127.0.0.1:9848"};
    std::string customers = "firing";  ///< firing, top:N, all
    int segments_max = 50;
    bool sellers = false;
    bool operator==(const MetricsSettings&) const = default;
};

struct LogSettings {
    std::string level = "info", format = "auto";
    bool operator==(const LogSettings&) const = default;
};

struct Settings {
    std::string file = {};  ///< where it was read from
    Seconds interval = std::chrono::minutes{15};
    std::vector<std::string> schedule = {};  ///< local times, instead of interval
    std::string timezone = "UTC";
    std::string language = "en";
    std::vector<std::string> rule_files = {};
    Seconds history = std::chrono::days{400};
    std::string external_url = {}, brand = {};
    int threads = 1;
    StateSettings state = {};
    RetentionSettings retention = {};
    std::vector<SourceSettings> sources = {};      ///< sorted by name
    std::vector<DatasetSettings> datasets = {};    ///< sorted by name
    std::vector<ReceiverSettings> receivers = {};  ///< sorted by name; without any, a file in the state directory
    HttpSettings http = {};
    MetricsSettings metrics = {};
    LogSettings log = {};
    LeaseSettings lease = {};
    std::map<std::string, double, std::less<>> backtest = {};  ///< floors by name: "min_auc_within", "max_ece", ...
    bool operator==(const Settings&) const = default;
};

}  // namespace retaind
