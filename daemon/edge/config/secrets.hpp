// `*_file` keys: the only place where ${VARIABLES} expand, and where secrets come from.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "edge/config/table_reader.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind::config {

struct SecretOptions {
    std::string directory = {};  ///< of relative paths
    bool read = true;            ///< false: neither variables nor files are looked at
};

/// The content of a file that a key names, without line ends. Errors name the key, the path as written, and the remedy.
struct secret_file {
    const SecretOptions& options;
    std::optional<Secret> operator()(const Item& item) const;
};

/// The path of a file that must be there: keys and user lists that a library opens itself.
struct file_path {
    const SecretOptions& options;
    std::optional<std::string> operator()(const Item& item) const;
};

/// A text with stars for everything that stands where secrets stand: after "password =" and the like, after "Bearer",
/// and before the @ of an address.
std::string without_secrets(std::string_view text);

/// What stands there: to be kept out of whatever is said about the text.
std::set<std::string> secrets_in(std::string_view text);
/// As many stars in place of each.
std::string starred(std::string text, const std::set<std::string>& secrets);

/// Whether a connection text or address carries a password.
bool carries_password(std::string_view connection);

}  // namespace retaind::config
