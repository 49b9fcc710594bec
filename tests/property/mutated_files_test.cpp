// Rule packs and configurations that somebody broke: a hundred thousand of them, none of which may crash or hang the
// reader, be refused without a place, or make it say a secret.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "edge/config/config.hpp"
#include "retaind/model/contract.hpp"
#include "support/generated_company.hpp"

namespace retaind {
namespace {

namespace fs = std::filesystem;
using company::Dice;

/// Sanitizers make each load ten times as long; they see their share of the mutations.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long long usual_mutations = 5'000;
constexpr double most_seconds = 10;
#else
constexpr long long usual_mutations = 100'000;
constexpr double most_seconds = 1;
#endif

long long setting(const char* name, long long otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoll(text, nullptr, 10) : otherwise;
}

std::string text_of(const fs::path& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<std::string> texts_in(const std::vector<fs::path>& places) {
    const char* root = std::getenv("RETAIND_ROOT");
    std::vector<std::string> texts;
    for (const auto& place : places) {
        const auto path = fs::path{root ? root : "."} / place;
        std::vector<fs::path> files = {path};
        if (fs::is_directory(path)) files.assign(fs::directory_iterator{path}, fs::directory_iterator{});
        std::sort(files.begin(), files.end());
        for (const auto& file : files)
            if (file.extension() == ".toml") texts.push_back(text_of(file));
    }
    return texts;
}

/// Cuts a text into pieces that each begin with a line of which `begins` says so.
template <class Begins>
std::vector<std::string> pieces(const std::string& text, const Begins& begins) {
    std::vector<std::string> result = {""};
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
        const auto line = text.substr(at, end - at);
        if (begins(line)) result.emplace_back();
        result.back() += line;
        at = end;
    }
    return result;
}

std::vector<std::string> tables(const std::string& text) {
    return pieces(text, [](const std::string& line) { return line.starts_with('['); });
}
std::vector<std::string> lines(const std::string& text) {
    return pieces(text, [](const std::string&) { return true; });
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += part;
    return text;
}

const std::string secret = "s3cr3t-marker";

/// Ways in which people write secrets down; none of them is cut apart.
const std::vector<std::string> carriers = {
    "password = \"s3cr3t-marker\"",
    "\"smtp://user:s3cr3t-marker@mail.example.org\"",
    "smtp = 'smtp://user:s3cr3t-marker@mail.example.org'",
    "connection = \"host=db.example.org password=s3cr3t-marker sslmode=require\"",
    "Authorization = \"Bearer s3cr3t-marker\"",
    "\"Authorization: Bearer s3cr3t-marker\"",
    "url = \"https://bearer:s3cr3t-marker@hooks.example.org/x\"",
    "token = \"s3cr3t-marker\"",
    "\"password=s3cr3t-marker\"",
};

class Mutator {
public:
    Mutator(const std::vector<std::string>& texts, Dice& dice) : texts_(texts), dice_(dice) {}

    std::string next() {
        std::string text = dice_.one_of(texts_);
        if (dice_.chance(0.9)) text = some_tables(text);
        const int edits = dice_.below(4);
        for (int i = 0; i < edits; ++i) mutate(text);
        if (dice_.chance(0.5)) plant(text);
        return text;
    }

private:
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(dice_.below(static_cast<int>(count))); }
    std::string& any(std::vector<std::string>& parts) { return parts[below(parts.size())]; }

    /// The smaller the text, the more of what is tried is about the mistake.
    std::string some_tables(const std::string& text) {
        auto parts = tables(text);
        std::erase_if(parts,
                      [&](const std::string& part) { return !part.starts_with("[group") && dice_.chance(0.75); });
        return joined(parts);
    }

    void mutate(std::string& text) {
        if (text.empty()) text = "\n";
        switch (dice_.below(10)) {
            case 0: return change_byte(text);
            case 1: return change_tokens(text);
            case 2: return change_line(text);
            case 3: return change_value(text);
            case 4: return change_key(text);
            case 5: return duplicate(text);
            case 6: return cut(text);
            case 7: return nest(text);
            case 8: return splice(text);
            default: text.insert(below(text.size()), 1, "\"'[]{}=.,#\n0-\\"[below(14)]);
        }
    }

    void change_byte(std::string& text) { text[below(text.size())] = static_cast<char>(dice_.below(256)); }

    void change_tokens(std::string& text) {
        static const std::vector<std::string> tokens = {
            "true", "-1",        "1e400",   "nan",        "9223372036854775807",
            "\"\"", "[]",        "{}",      "2026-02-30", "\"\\u0000\"",
            "'''",  "\"\"\"",    "\"14d\"", "\"remove\"", "[[",
            "]]",   "health",    "<",       "==",         "\"health < 40\"",
            "0.5",  "\"{name}\""};
        text.insert(below(text.size()), dice_.one_of(tokens));
    }

    void change_line(std::string& text) {
        auto parts = lines(text);
        std::swap(any(parts), any(parts));
        any(parts) = any(parts);
        text = joined(parts);
    }

    /// Gives a key the value of another one.
    void change_value(std::string& text) {
        auto parts = lines(text);
        auto& line = any(parts);
        const auto& other = dice_.chance(0.5) ? any(parts) : any(others());
        const auto at = line.find('='), from = other.find('=');
        if (at == line.npos || from == other.npos) return;
        line = line.substr(0, at) + other.substr(from);
        text = joined(parts);
    }

    void change_key(std::string& text) {
        auto parts = lines(text);
        auto& line = any(parts);
        const auto& other = any(others());
        const auto at = line.find('='), from = other.find('=');
        if (at == line.npos || from == other.npos) return;
        line = other.substr(0, from) + line.substr(at);
        text = joined(parts);
    }

    void duplicate(std::string& text) {
        auto parts = dice_.chance(0.5) ? tables(text) : lines(text);
        parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(below(parts.size())), std::string{any(parts)});
        text = joined(parts);
    }

    void cut(std::string& text) {
        auto parts = dice_.chance(0.5) ? tables(text) : lines(text);
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(below(parts.size())));
        text = joined(parts);
    }

    void nest(std::string& text) {
        auto parts = lines(text);
        auto& line = any(parts);
        const auto at = line.find('=');
        const int depth = dice_.chance(0.1) ? 200 : 1 + dice_.below(3);
        std::string open, close;
        for (int i = 0; i < depth; ++i) {
            const bool is_list = dice_.chance(0.5);
            open += is_list ? "[" : "{ a = ";
            close.insert(0, is_list ? "]" : " }");
        }
        if (at != line.npos && line.ends_with('\n'))
            line = line.substr(0, at + 1) + " " + open + line.substr(at + 1, line.size() - at - 2) + close + "\n";
        else if (line.starts_with('['))
            line.insert(1, "profile.");
        text = joined(parts);
    }

    void splice(std::string& text) {
        const auto other = dice_.one_of(texts_);
        if (dice_.chance(0.5)) text = text.substr(0, below(text.size() + 1)) + other.substr(below(other.size() + 1));
        auto parts = tables(other);
        text += any(parts);
    }

    /// Lines of some text.
    std::vector<std::string>& others() {
        others_ = lines(dice_.one_of(texts_));
        return others_;
    }

    /// Puts secrets where they belong and where they do not: beside keys, into values, lists, tables, texts, comments.
    void plant(std::string& text) {
        auto parts = lines(text);
        for (int count = 1 + dice_.below(2); count > 0; --count) {
            const auto& carrier = dice_.one_of(carriers);
            auto& line = any(parts);
            const auto equals = line.find('=');
            const auto key = equals == line.npos ? std::string{"name "} : line.substr(0, equals);
            switch (dice_.below(7)) {
                case 0: line += carrier + "\n"; break;
                case 1: line = key + "= " + carrier + "\n"; break;
                case 2: line = key + "= [\n\"a\", " + carrier + ",\n" + carrier + "\n]\n"; break;
                case 3: line = key + "= { " + carrier + " }\n"; break;
                case 4: line = key + "= '''\n" + carrier + " '''\n"; break;
                case 5: line = carrier + " = 3\n"; break;
                default: line.insert(line.size() - line.ends_with('\n'), " # " + carrier);
            }
        }
        text = joined(parts);
    }

    const std::vector<std::string>& texts_;
    Dice& dice_;
    std::vector<std::string> others_;
};

struct Loads {
    long long accepted = 0, refused = 0;
};

void expect_no_secret(const std::string& text, const char* where) {
    ASSERT_EQ(text.find("s3cr3t"), text.npos) << where << " shows a secret:\n" << text.substr(0, 2000);
}

void judge(const LoadResult& result, double seconds, Loads& loads) {
    ASSERT_LT(seconds, most_seconds);
    ASSERT_EQ(result.loaded.has_value(), result.problems.empty());
    ++(result.loaded ? loads.accepted : loads.refused);
    for (const auto* problems : {&result.problems, &result.warnings})
        for (const auto& problem : *problems) {
            ASSERT_FALSE(problem.where.file.empty()) << to_string(problem);
            ASSERT_GE(problem.where.line, 1) << to_string(problem);
            ASSERT_GE(problem.where.column, 1) << to_string(problem);
            ASSERT_NO_FATAL_FAILURE(expect_no_secret(problem.message, "a message"));
            ASSERT_NO_FATAL_FAILURE(expect_no_secret(problem.hint, "a hint"));
        }
    ASSERT_NO_FATAL_FAILURE(expect_no_secret(format_problems(result.problems, result.sources), "a refusal"));
    ASSERT_NO_FATAL_FAILURE(expect_no_secret(format_problems(result.warnings, result.sources), "a warning"));
    if (!result.loaded) return;
    ASSERT_NO_FATAL_FAILURE(expect_no_secret(effective(result.loaded->settings, result.loaded->rules), "effective"));
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// As it reads every dataset that there is: so rules fail for what is wrong in them.
std::string whole_configuration() {
    std::string text =
        "[daemon]\nrules = [\"rules.toml\"]\n[source.crm]\nbackend = \"sqlite3\"\nconnection = \"db=crm.db\"\n";
    for (const auto& spec : data_contract())
        if (spec.kind != DatasetKind::events)
            text += "[dataset." + std::string{spec.name} + "]\nsource = \"crm\"\nquery = \"SELECT * FROM x\"\n";
    return text + "[dataset.tickets]\nsource = \"crm\"\nkind = \"events\"\nquery = \"SELECT * FROM y\"\n";
}

/// Configurations name packs of their own; here there is one.
void name_the_pack(std::string& text) {
    const auto at = text.find("\nrules = ");
    if (at != text.npos) text.replace(at, text.find('\n', at + 1) - at, "\nrules = [\"rules.toml\"]");
}

TEST(MutatedFiles, AreReadOrRefusedWithAPlaceAndShowNoSecret) {
    const auto seed = static_cast<std::uint64_t>(setting("RETAIND_SEED", std::random_device{}()));
    const auto mutations = setting("RETAIND_FUZZ_RUNS", usual_mutations);
    std::cout << mutations << " mutations, RETAIND_SEED=" << seed << std::endl;
    const auto packs = texts_in({"rules", "etc/demo/rules.toml", "tests/edge/config/every_key.toml"});
    auto configurations = texts_in({"etc", "etc/demo/retaind.toml", "etc/examples/oulad"});
    for (auto& text : configurations) name_the_pack(text);
    ASSERT_GE(packs.size(), 3u);
    ASSERT_GE(configurations.size(), 5u);
    const auto configuration = whole_configuration();
    const std::string pack =
        "schema = 1\n[group.g]\n[signal.s]\ngroup = \"g\"\nweight = 0\nfrom = \"usage\"\nmeasure = \"sum\"\n";
    Loads loads;
    for (long long i = 0; i < mutations; ++i) {
        Dice dice(seed + static_cast<std::uint64_t>(i));
        const bool is_pack = dice.chance(0.7);
        const std::string text = Mutator(is_pack ? packs : configurations, dice).next();
        const SourceTexts texts = {{"rules.toml", is_pack ? text : pack},
                                   {"retaind.toml", is_pack ? configuration : text}};
        const double start = cpu_seconds();
        const auto result =
            load_config("retaind.toml", {.rules_directory = "rules", .read_secrets = false, .texts = texts});
        judge(result, cpu_seconds() - start, loads);
        if (testing::Test::HasFatalFailure()) {
            std::cout << "RETAIND_SEED=" << seed + static_cast<std::uint64_t>(i) << " RETAIND_FUZZ_RUNS=1\n" << text;
            return;
        }
    }
    std::cout << loads.accepted << " accepted, " << loads.refused << " refused\n";
    if (mutations < 1000) return;
    EXPECT_GT(loads.accepted, mutations / 100) << "the mutations have become too wild to reach the checks";
    EXPECT_GT(loads.refused, mutations / 4);
}

}  // namespace
}  // namespace retaind
