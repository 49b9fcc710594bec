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

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The length of "password =" (or one of its other names) at the beginning of a text, or 0.
std::size_t password_key(std::string_view text) {
    constexpr std::array<std::string_view, 5> names = {"sslpassword", "password", "passwd", "pass", "pwd"};
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    for (const auto name : names) {
        if (text.size() < name.size() ||
            !std::equal(name.begin(), name.end(), text.begin(), [&](char b, char a) { return same(a, b); }))
            continue;
        auto at = name.size();
        while (at < text.size() && text[at] == ' ') ++at;
        if (at == text.size() || text[at] != '=') continue;
        ++at;
        while (at < text.size() && text[at] == ' ') ++at;
        return at;
    }
    return 0;
}

/// The length of a value: quoted, in braces (ODBC), or up to a separator.
std::size_t value_length(std::string_view text) {
    if (text.empty()) return 0;
    const char open = text[0];
    if (open != '\'' && open != '"' && open != '{') return std::min(text.find_first_of(" \t\n;&"), text.size());
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
    const auto authority = text.substr(0, text.find_first_of("/?# \t\n"));
    const auto at = authority.rfind('@');
    return at == std::string_view::npos ? 0 : at;
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

std::string without_secrets(std::string_view connection) {
    constexpr auto stars = "***";
    std::string result;
    for (std::size_t at = 0; at < connection.size();) {
        const auto rest = connection.substr(at);
        const auto key = at > 0 && is_word(connection[at - 1]) ? 0 : password_key(rest);
        const auto user = rest.starts_with("://") ? user_length(rest.substr(3)) : 0;
        if (key > 0) {
            result += std::string{rest.substr(0, key)} + stars;
            at += key + value_length(rest.substr(key));
        } else if (user > 0) {
            result += std::string{"://"} + stars;
            at += 3 + user;
        } else {
            result += connection[at++];
        }
    }
    return result;
}

bool carries_password(std::string_view connection) { return without_secrets(connection) != connection; }

}  // namespace retaind::config
