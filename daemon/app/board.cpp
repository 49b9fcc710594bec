#include "board.hpp"

#include <algorithm>

namespace retaind {

void Board::update(const std::function<void(Telemetry&)>& change) {
    const std::lock_guard lock(mutex_);
    change(telemetry_);
}

Telemetry Board::telemetry() const {
    const std::lock_guard lock(mutex_);
    return telemetry_;
}

void Board::show(View view, const MetricsSettings& settings) {
    std::string page = render_view(view, settings);
    const auto shown = std::make_shared<const View>(std::move(view));
    const std::lock_guard lock(mutex_);
    view_ = shown;
    view_page_ = std::move(page);
}

std::shared_ptr<const View> Board::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

std::string Board::customer_name(const std::string& customer_id) const {
    const std::shared_ptr<const View> shown = view();
    if (!shown) return "";
    const auto found = std::ranges::lower_bound(shown->customers, customer_id, {}, &CustomerView::customer_id);
    return found == shown->customers.end() || found->customer_id != customer_id ? "" : found->name;
}

void Board::set_ready(bool ready) {
    const std::lock_guard lock(mutex_);
    ready_ = ready;
}

void Board::set_alive_for(std::chrono::milliseconds span) {
    const std::lock_guard lock(mutex_);
    alive_until_ = std::chrono::steady_clock::now() + span;
}

bool Board::alive() const {
    const std::lock_guard lock(mutex_);
    return !alive_until_ || std::chrono::steady_clock::now() < *alive_until_;
}

bool Board::ready() const {
    const std::lock_guard lock(mutex_);
    return ready_;
}

std::shared_ptr<const std::string> Board::metrics_page() const {
    std::string page;
    {
        const std::lock_guard lock(mutex_);
        page = view_page_;
    }
    return std::make_shared<const std::string>(page + render_telemetry(telemetry()));
}

HttpReply Board::answer(const HttpRequest& request) const {
    static const auto well = std::make_shared<const std::string>("ok\n");
    static const auto hung = std::make_shared<const std::string>("nothing moves any more\n");
    static const auto unready =
        std::make_shared<const std::string>("no cycle has ended well yet, or the state cannot be written\n");
    static const auto unknown = std::make_shared<const std::string>("not here: /metrics, /healthz, /readyz\n");
    if (request.method == "POST") return refuse_method("GET, HEAD");
    if (request.path == "/metrics")
        return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_page()};
    if (request.path == "/healthz") return alive() ? HttpReply{.body = well} : HttpReply{.status = 503, .body = hung};
    if (request.path == "/readyz") return ready() ? HttpReply{.body = well} : HttpReply{.status = 503, .body = unready};
    return {.status = 404, .body = unknown};
}

}  // namespace retaind
