// What the running parts show to the outside: the last view, its metrics, the daemon's own figures. Safe from any
// thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "edge/http/http.hpp"
#include "edge/metrics/metrics.hpp"

namespace retaind {

class Board {
public:
    /// Changes the figures; the function must not block.
    void update(const std::function<void(Telemetry&)>& change);
    Telemetry telemetry() const;

    /// A new view; its page of metrics is rendered here, once.
    void show(View view, const MetricsSettings& settings);
    std::shared_ptr<const View> view() const;
    std::string customer_name(const std::string& customer_id) const;  ///< in the last view; "" when it is not there

    void set_ready(bool ready);
    /// /healthz says "ok" for so long; until it is first said, for ever.
    void set_alive_for(std::chrono::milliseconds span);
    bool ready() const;

    /// The whole metrics page.
    std::shared_ptr<const std::string> metrics_page() const;

    /// Answers for the metrics listener: /metrics, /healthz, /readyz.
    HttpReply answer(const HttpRequest& request) const;

private:
    bool alive() const;

    mutable std::mutex mutex_;
    Telemetry telemetry_;
    std::shared_ptr<const View> view_;
    std::string view_page_;
    bool ready_ = false;
    std::optional<std::chrono::steady_clock::time_point> alive_until_ = {};
};

}  // namespace retaind
