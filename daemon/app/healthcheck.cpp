#include <asio.hpp>
#include <chrono>
#include <cstdio>
#include <string>

#include "edge/config/config.hpp"
#include "log.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

constexpr std::chrono::seconds longest_health_check{5};

struct HealthAddress {
    std::string host, port;
};

/// Where one asks what listens there: who listens everywhere listens on loopback, too.
HealthAddress health_address(const std::string& listen) {
    const std::size_t colon = listen.rfind(':');
    HealthAddress address{.host = listen.substr(0, colon), .port = listen.substr(colon + 1)};
    if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
    if (address.host == "0.0.0.0") address.host = "127.0.0.1";
    if (address.host == "::") address.host = "::1";
    return address;
}

/// Where the metrics are. A daemon may run well with what it has read, while its files are being changed.
std::string metrics_listen(const Options& options) {
    const LoadResult loaded =
        load_config(options.config_file, {.rules_directory = options.rules_directory, .read_secrets = false});
    if (loaded.loaded) return loaded.loaded->settings.metrics.listen.listen;
    for (const Error& problem : loaded.problems) log(problem);
    const std::string usual = MetricsSettings{}.listen.listen;
    log(LogLevel::warning, "configuration and rules cannot be loaded; asking the default address " + usual);
    return usual;
}

/// The first line of the answer, "HTTP/1.1 200 OK"; "" when there is none in time.
std::string status_of(const HealthAddress& address, const std::string& path) {
    asio::ip::tcp::iostream stream;
    stream.expires_after(longest_health_check);
    stream.connect(address.host, address.port);
    stream << "GET " << path << " HTTP/1.1\r\nHost: " << address.host << "\r\nConnection: close\r\n\r\n" << std::flush;
    std::string line;
    std::getline(stream, line);
    return line;
}

}  // namespace

/// Whatever is wrong is 1: engines reserve the other codes.
int run_healthcheck(const Options& options) {
    const std::string listen = metrics_listen(options);
    const std::string path = options.ready ? "/readyz" : "/healthz";
    const std::string status = status_of(health_address(listen), path);
    const bool well = status.starts_with("HTTP/1.1 200 ");
    const std::string said = well ? "ok" : status.empty() ? "no answer" : status.substr(0, status.find('\r'));
    if (options.json)
        std::printf("{\"ok\":%s}\n", well ? "true" : "false");
    else
        std::printf("%s%s: %s\n", listen.c_str(), path.c_str(), said.c_str());
    return well ? 0 : 1;
}

}  // namespace retaind
