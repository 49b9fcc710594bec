// Families in the making: samples added by name, everything else taken from the one table.
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics.hpp"

namespace retaind {

using LabelList = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Families {
public:
    /// A sample of a family of the table (without the prefix); an unknown name is a bug and asserts.
    void add(std::string_view name, LabelList labels, double value);
    void add(std::string_view name, LabelList labels, const DurationHistogram& histogram);

    /// Text exposition, in the order of the table.
    std::string text() const;

private:
    prometheus::MetricFamily& family(std::string_view name);
    std::map<std::size_t, prometheus::MetricFamily> families_;  // by position in the table
};

/// Valid UTF-8 without control characters: what arrives from a database may be anything.
std::string sanitised(std::string_view text);

/// Memory, CPU and descriptors of this process, as every client library names them.
void add_process(Families& families, double start_seconds);

}  // namespace retaind
