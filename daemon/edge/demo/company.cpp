#include "company.hpp"

#include "company_model.hpp"

namespace retaind {

namespace {

constexpr int days_of_history = 730;
constexpr int fewest_customers = 100;

}  // namespace

Result<std::vector<Story>> generate_demo_company(const DemoOptions& options) {
    using namespace demo;
    if (options.customers < fewest_customers)
        return Error{ErrorKind::usage, "a demo company has at least 100 customers", "leave the number out for 300"};
    if (options.until <= Day{})
        return Error{ErrorKind::usage, "the demo company needs the day on which its history ends"};
    Company company{.options = options, .from = plus(options.until, -days_of_history), .until = options.until};
    hire_staff(company);
    plant_lives(company);
    invent_lives(company);
    number_lives(company);
    write_contracts(company);
    settle_prices(company);
    write_days(company);
    write_commitments(company);
    tell_stories(company);
    if (auto stored = store_company(company, options.path); !stored) return stored.error();
    return std::move(company.stories);
}

}  // namespace retaind
