// Who hears of an alert, and of a customer's news: receivers by route, people by role.
#pragma once

#include <string>
#include <vector>

#include "retaind/alerts/notify.hpp"

namespace retaind {

/// A person through a receiver; nobody in particular where the receiver addresses no people.
struct Reader {
    const ReceiverTraits* receiver = nullptr;
    Recipient person = {};
    bool by_step = false;  ///< the newest step of escalation names them
};

/// By id, or by the address that stands where an id might. Null when `people` has nobody of it.
const Person* find_person(const Snapshot& snapshot, std::string_view key);

/// Through which receiver, and person_key.
using ReaderKey = std::pair<std::string, std::string>;
ReaderKey key_of(const Reader& reader);

struct Audience {
    std::vector<Reader> readers = {};
    std::string doer = {};  ///< name of the one asked to act
};

struct AudienceQuestion {
    const NotifyInput& input;
    const Move& move;                                ///< of an open alert, with its rule
    const std::vector<std::string>* step = nullptr;  ///< whom the newest step names
    std::vector<PeopleFinding>& findings;            ///< what is wrong with people is added
};

Audience find_audience(const AudienceQuestion& question);

/// The roles that hear of an alert: those that `notify` names, or the custom of its scope.
std::vector<std::string> roles_told(const Rule& rule, Scope scope);

const ReceiverTraits* find_receiver(const Policy& policy, std::string_view name);

/// The receivers to which some route leads news about a customer, whatever it asks of rule, severity and entity.
class CustomerRoutes {
public:
    CustomerRoutes(const Snapshot& snapshot, const Policy& policy);
    std::vector<const ReceiverTraits*> receivers_of(CustomerIndex customer) const;

private:
    std::vector<const ReceiverTraits*> find(CustomerIndex customer) const;

    const Snapshot& snapshot_;
    const Policy& policy_;
    std::vector<const Route*> routes_ = {};                          ///< that may lead anywhere for a customer
    std::optional<std::vector<const ReceiverTraits*>> of_all_ = {};  ///< where no route asks who the customer is
};

/// Whether a dataset is loaded and not suspect; one that nobody maps is.
bool is_believed(std::span<const FeedVerdict> feeds, std::string_view dataset);

}  // namespace retaind
