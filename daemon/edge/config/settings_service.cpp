// [http], [metrics], [lease], [backtest], [log].
#include <charconv>

#include <fmt/format.h>

#include "edge/config/address.hpp"
#include "edge/config/settings_reader.hpp"

namespace retaind::config {
namespace {

struct listen_address {
    std::optional<std::string> operator()(const Item& item) const {
        auto value = text{}(item);
        if (!value) return std::nullopt;
        if (is_listen_address(*value)) return value;
        return item.wrong(fmt::format("\"{}\" must be host:port", item.key), "as in \"127.0.0.1:9847\""), std::nullopt;
    }
};

void read_http(TableReader& in, Configuration& to) {
    auto& http = to.settings.http;
    in.take("listen", http.listen.listen, listen_address{});
    in.take("tls_cert", http.tls_cert, file_path{to.secrets});
    in.take("tls_key_file", http.tls_key_file, file_path{to.secrets});
    in.take("behind_proxy", http.behind_proxy, boolean{});
    in.take("users_file", http.users_file, file_path{to.secrets});
    in.take("max_connections", http.listen.max_connections, integer{1, 65'536});
    if (in.has("tls_cert") != in.has("tls_key_file"))
        in.problems().error(in.where(in.has("tls_cert") ? "tls_cert" : "tls_key_file"),
                            "\"tls_cert\" and \"tls_key_file\" go together");
    const bool is_guarded = http.behind_proxy || (in.has("tls_cert") && in.has("users_file"));
    if (!is_loopback(host_of_listen(http.listen.listen)) && !is_guarded)
        in.problems().error(in.where("listen"), "pages outside this machine need TLS and users",
                            "set tls_cert, tls_key_file and users_file, or behind_proxy = true when a proxy does both");
}

/// "firing", "all", or "top:N".
struct customer_series {
    std::optional<std::string> operator()(const Item& item) const {
        auto value = text{}(item);
        if (!value) return std::nullopt;
        if (*value == "firing" || *value == "all") return value;
        std::size_t count = 0;
        const auto* end = value->data() + value->size();
        const bool is_top = value->starts_with("top:") && std::from_chars(value->data() + 4, end, count).ptr == end;
        if (is_top && count > 0 && count <= most_metric_customers) return value;
        return item.wrong(fmt::format("\"{}\" must be \"firing\", \"all\" or \"top:N\"", item.key),
                          fmt::format("N is at most {}", most_metric_customers)),
               std::nullopt;
    }
};

void read_metrics(TableReader& in, MetricsSettings& to) {
    in.take("listen", to.listen.listen, listen_address{});
    in.take("customers", to.customers, customer_series{});
    in.take("segments_max", to.segments_max, integer{1, 10'000});
    in.take("sellers", to.sellers, boolean{});
}

void read_lease(TableReader& in, LeaseSettings& to) {
    in.take("ttl", to.ttl, duration{Seconds{1}});
    in.take("renew", to.renew, duration{Seconds{1}});
    in.take("stop", to.stop, duration{Seconds{1}});
    if (!(to.renew < to.stop && to.stop < to.ttl))
        in.problems().error(in.where(), "\"renew\" must be shorter than \"stop\", and \"stop\" shorter than \"ttl\"",
                            "a holder must stop before another may begin");
}

void read_backtest(TableReader& in, std::map<std::string, double, std::less<>>& to) {
    const auto take = [&](std::string_view name, double most) {
        double floor = 0;
        if (in.take(name, floor, number{0, most})) to.insert_or_assign(std::string{name}, floor);
    };
    for (const auto* share : {"min_auc", "min_auc_within", "min_pr_auc", "min_brier_skill", "max_brier", "max_ece",
                              "min_precision", "min_recall", "min_interval_coverage"})
        take(share, 1);
    take("min_lift", 1000);
    take("min_lead_days", 3650);
    take("max_alerts_per_100_weeks", 100);
}

void read_log(TableReader& in, LogSettings& to) {
    static const one_of<std::string> levels{
        {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}};
    static const one_of<std::string> formats{
        {{"auto", "auto"}, {"text", "text"}, {"json", "json"}, {"journal", "journal"}}};
    in.take("level", to.level, levels);
    in.take("format", to.format, formats);
}

}  // namespace

void read_service(TableReader& in, Configuration& to) {
    in.table("http", [&](TableReader& table) { read_http(table, to); });
    in.table("metrics", [&](TableReader& table) { read_metrics(table, to.settings.metrics); });
    in.table("lease", [&](TableReader& table) { read_lease(table, to.settings.lease); });
    in.table("backtest", [&](TableReader& table) { read_backtest(table, to.settings.backtest); });
    in.table("log", [&](TableReader& table) { read_log(table, to.settings.log); });
}

}  // namespace retaind::config
