#include "edge/config/secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace retaind::config {
namespace {

namespace fs = std::filesystem;

/// The path with its variables, or nothing after a complaint.
std::optional<std::string> expanded(const Item& item) {
    std::string result;
    const std::string_view path = item.node.text;
    for (std::size_t at = 0; at < path.size();) {
        if (!path.substr(at).starts_with("${")) {
            result += path[at++];
            continue;
        }
        const auto end = path.find('}', at);
        if (end == std::string_view::npos)
            return item.wrong(fmt::format("\"{}\" has a ${{ without }}", item.key)), std::nullopt;
        const std::string name{path.substr(at + 2, end - at - 2)};
        const char* value = std::getenv(name.c_str());
        if (!value)
            return item.wrong(fmt::format("\"{}\" needs the variable {}, which is not set", item.key, name),
                              name == "CREDENTIALS_DIRECTORY"
                                  ? "systemd sets it for LoadCredential=; else write the path of the file"
                                  : "set it, or write the path of the file"),
                   std::nullopt;
        result += value;
        at = end + 1;
    }
    return result;
}

std::optional<fs::path> existing_path(const Item& item, const SecretOptions& options) {
    const auto written = expanded(item);
    if (!written) return std::nullopt;
    fs::path path{*written};
    if (path.is_relative() && !options.directory.empty()) path = fs::path{options.directory} / path;
    std::error_code trouble;
    if (fs::is_regular_file(path, trouble)) return path;
    item.wrong(fmt::format("\"{}\": there is no file {}", item.key, item.node.text),
               "create it, readable for retaind only");
    return std::nullopt;
}

void warn_if_public(const Item& item, const fs::path& path) {
    std::error_code trouble;
    const auto permissions = fs::status(path, trouble).permissions();
    if (!trouble && (permissions & fs::perms::others_read) != fs::perms::none)
        item.problems.warning(item.node.where,
                              fmt::format("\"{}\": everybody on this machine can read {}", item.key, item.node.text),
                              "chmod o-r");
}

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool starts_with_word(std::string_view text, std::string_view word) {
    const auto same = [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); };
    return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), same);
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
    return std::min(text.find_first_not_of(" \t", at), text.size());
}

/// The length of "Bearer " at the beginning of a text, or 0.
std::size_t scheme(std::string_view text) {
    for (const std::string_view word : {"bearer ", "basic "})
        if (starts_with_word(text, word)) return skip_blanks(text, word.size());
    return 0;
}

/// The length of "password =" (or one of its other names, also "Authorization: Bearer ") at the beginning of a text.
std::size_t secret_key(std::string_view text) {
    constexpr std::array<std::string_view, 10> names = {"sslpassword",   "password", "passphrase", "passwd",
                                                        "pass",          "pwd",      "secret",     "token",
                                                        "authorization", "api_key"};
    for (const auto name : names) {
        if (!starts_with_word(text, name)) continue;
        auto at = name.size();
        if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
        at = skip_blanks(text, at);
        const bool compares = text.substr(at).starts_with("==");
        if (at == text.size() || compares || (text[at] != '=' && text[at] != ':')) continue;
        at = skip_blanks(text, at + 1);
        return at + scheme(text.substr(at));
    }
    return starts_with_word(text, "bearer ") ? scheme(text) : 0;
}

/// The length of a value: quoted, in braces (ODBC), or up to a separator.
std::size_t value_length(std::string_view text) {
    if (text.empty()) return 0;
    const char open = text[0];
    if (open != '\'' && open != '"' && open != '{') return std::min(text.find_first_of(" \t\r\n;&"), text.size());
    const char close = open == '{' ? '}' : open;
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] == '\\')
            ++at;
        else if (text[at] == close)
            return at + 1;
    }
    return text.size();
}

/// The length of "user:password" between :// and @, or 0.
std::size_t user_length(std::string_view text) {
    const auto authority = text.substr(0, text.find_first_of("/?# \t\r\n\""));
    const auto at = authority.rfind('@');
    return at == std::string_view::npos ? 0 : at;
}

/// Calls found(at, length) for every part of a text that stands where secrets stand.
template <class Found>
void each_secret(std::string_view text, const Found& found) {
    for (std::size_t at = 0; at < text.size();) {
        const auto rest = text.substr(at);
        const auto key = at > 0 && is_alphanumeric(text[at - 1]) ? 0 : secret_key(rest);
        const bool is_address = rest.starts_with("://");
        const auto begin = at + (is_address ? 3 : key);
        const auto length = is_address ? user_length(text.substr(begin))
                            : key > 0  ? value_length(text.substr(begin))
                                       : 0;
        if (length > 0) found(begin, length);
        at = length > 0 ? begin + length : at + 1;
    }
}

}  // namespace

std::optional<Secret> secret_file::operator()(const Item& item) const {
    if (!text{}(item)) return std::nullopt;
    if (!options.read) return Secret{};
    const auto path = existing_path(item, options);
    if (!path) return std::nullopt;
    std::ifstream stream{*path, std::ios::binary};
    std::string content(most_secret_bytes + 1, '\0');
    stream.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(stream.gcount()));
    while (content.ends_with('\n') || content.ends_with('\r')) content.pop_back();
    if (content.empty() || content.size() > most_secret_bytes)
        return item.wrong(
                   fmt::format("\"{}\": the file {} is empty, too large or not readable", item.key, item.node.text),
                   "put the secret alone into it, readable for retaind"),
               std::nullopt;
    warn_if_public(item, *path);
    return Secret{std::move(content)};
}

std::optional<std::string> file_path::operator()(const Item& item) const {
    if (!text{}(item)) return std::nullopt;
    if (!options.read) return item.node.text;
    const auto path = existing_path(item, options);
    if (!path) return std::nullopt;
    return path->string();
}

std::string without_secrets(std::string_view text) {
    std::string result;
    std::size_t end = 0;
    each_secret(text, [&](std::size_t at, std::size_t length) {
        const char quote = text[at];
        const bool in_quotes = length > 1 && (quote == '"' || quote == '\'') && text[at + length - 1] == quote;
        const std::string ends = in_quotes ? std::string{quote} : "";
        result.append(text.substr(end, at - end)).append(ends + "***" + ends);
        end = at + length;
    });
    return result.append(text.substr(end));
}

std::set<std::string> secrets_in(std::string_view text) {
    constexpr std::size_t shortest = 6;  // less may be any word
    std::set<std::string> secrets;
    const auto add = [&](std::string_view secret) {
        const auto first = secret.find_first_not_of("\"'{[( "), last = secret.find_last_not_of("\"'}]),.; ");
        if (first == secret.npos || last == secret.npos || last < first) return;
        secret = secret.substr(first, last + 1 - first);
        if (secret.size() >= shortest) secrets.emplace(secret);
    };
    each_secret(text, [&](std::size_t at, std::size_t length) {
        const auto secret = text.substr(at, length);
        const bool is_user = text.substr(0, at).ends_with("://");
        add(is_user && secret.find(':') != secret.npos ? secret.substr(secret.find(':') + 1) : secret);
    });
    return secrets;
}

std::string starred(std::string text, const std::set<std::string>& secrets) {
    for (const auto& secret : secrets)
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + secret.size()))
            text.replace(at, secret.size(), secret.size(), '*');
    return text;
}

bool carries_password(std::string_view connection) { return without_secrets(connection) != connection; }

}  // namespace retaind::config
