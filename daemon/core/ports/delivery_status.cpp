#include "retaind/ports/state_store.hpp"

namespace retaind {

std::string_view delivery_status_name(DeliveryStatus status) {
    switch (status) {
        case DeliveryStatus::queued: return "queued";
        case DeliveryStatus::in_flight: return "in_flight";
        case DeliveryStatus::retry: return "retry";
        case DeliveryStatus::delivered: return "delivered";
        case DeliveryStatus::dead: return "dead";
        case DeliveryStatus::quarantined: return "quarantined";
        case DeliveryStatus::superseded: return "superseded";
    }
    return "queued";
}

}  // namespace retaind
