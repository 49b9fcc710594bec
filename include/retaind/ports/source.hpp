// The seam to a company's database.
#pragma once

#include <string>
#include <vector>

#include "retaind/base/result.hpp"
#include "retaind/model/dataset.hpp"

namespace retaind {

/// What to read of one dataset. `:from` and `:to` of the query are bound to these days (`to` is exclusive).
struct DatasetRequest {
    DatasetOptions options;
    std::string query;
    std::string watermark_query = {};
    Day from, to;
    std::vector<std::string> named = {};  ///< columns that rules name, whether the query brings them or not
};

/// One database. All datasets of one call are read from one snapshot of it (repeatable read, read only).
class Source {
public:
    virtual ~Source() = default;
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    /// All of them, or an error that names the dataset and the place: a failed or late query, a missing or unknown
    /// column, or too many bad rows (bad_data). Returns within the source's timeout per statement plus a second,
    /// whatever the server does. After an error the next call connects anew. Called by one thread at a time.
    virtual Result<std::vector<Dataset>> read(const std::vector<DatasetRequest>& requests) = 0;

    /// Runs every query for no rows and checks its columns, also those that are `named`; one error per finding. For
    /// `check --connect`.
    virtual std::vector<Error> check(const std::vector<DatasetRequest>& requests) = 0;

    /// From another thread, for good: a read under way returns soon with an error, and so does every later one.
    virtual void cancel() = 0;
};

}  // namespace retaind
