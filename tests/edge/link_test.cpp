// The signed links: what was made is read back, and nothing else ever is.
#include <random>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/link/link.hpp"

namespace retaind {
namespace {

const Secret link_key{"0123456789abcdef0123456789abcdef"};
const Secret other_key{"0123456789abcdef0123456789abcdeg"};
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

LinkTarget target(const std::string& entity = "c017", const std::string& person = "m3") {
    return {.key = {.rule = "gone_quiet", .scope = Scope::customer, .entity = entity, .dimension = "s1"},
            .episode = 4,
            .person = person,
            .expires = Instant{Seconds{1'790'000'000}}};
}

TEST(Link, GivesBackWhatItWasMadeOf) {
    for (const auto& entity : {std::string("c017"), std::string(), std::string("a/b?c=d&e"),
                               std::string("\xc3\xa9\0x", 4), std::string(300, 'x')}) {
        const LinkTarget made = target(entity);
        const auto read = read_link_token(make_link_token(made, link_key), link_key);
        ASSERT_TRUE(read.has_value()) << entity;
        EXPECT_EQ(*read, made);
    }
}

TEST(Link, FitsIntoAUrlAsItIsAndShowsNoIds) {
    const std::string token = make_link_token(target("ACME-Industries", "maria@example.org"), link_key);
    EXPECT_EQ(token.find_first_not_of(alphabet), std::string::npos) << token;
    EXPECT_LE(token.size(), 120u) << "it stands in a line of a mail";
    for (const char* plain : {"ACME", "maria", "gone", "Z29uZV9xdWlldA", "QUNNRS1J"})
        EXPECT_EQ(token.find(plain), std::string::npos) << plain;
    EXPECT_EQ(token, make_link_token(target("ACME-Industries", "maria@example.org"), link_key)) << "the same bytes";
}

TEST(Link, DiffersWhollyWhereAnythingDiffers) {
    const std::string token = make_link_token(target(), link_key);
    LinkTarget later = target(), next = target();
    later.expires += Seconds{1};
    ++next.episode;
    for (const LinkTarget& other : {target("c018"), target("c017", "m4"), later, next}) {
        const std::string another = make_link_token(other, link_key);
        EXPECT_NE(another.substr(2, 20), token.substr(2, 20));
        EXPECT_NE(another.substr(30), token.substr(30));
    }
}

TEST(Link, IsNotReadWithAnotherKeyOrNone) {
    const std::string token = make_link_token(target(), link_key);
    EXPECT_FALSE(read_link_token(token, other_key));
    EXPECT_FALSE(read_link_token(token, {}));
    EXPECT_EQ(make_link_token(target(), {}), "");
}

TEST(Link, IsNotReadWhenItIsCutGrownOrOfAnotherVersion) {
    const std::string token = make_link_token(target(), link_key);
    for (std::size_t size = 0; size < token.size(); ++size) {
        EXPECT_FALSE(read_link_token(token.substr(0, size), link_key)) << size;
        EXPECT_FALSE(read_link_token(token.substr(token.size() - size), link_key)) << size;
    }
    for (const std::string& grown : {token + "A", token + "=", token + "==", token + "\n", " " + token, token + token})
        EXPECT_FALSE(read_link_token(grown, link_key)) << grown;
    const std::size_t second = alphabet.find(token[1]);
    ASSERT_TRUE(token[0] == 'A' && second >= 16 && second < 32) << "the first byte is 1: " << token;
    std::string newer = token;
    newer[1] = alphabet[second + 16];  // and here 2
    EXPECT_FALSE(read_link_token(newer, link_key));
}

TEST(Link, NoneOfTenThousandMutationsIsRead) {
    const std::string token = make_link_token(target(), link_key);
    std::mt19937 random{20260301};
    const auto at_most = [&](std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random); };
    int tried = 0;
    while (tried < 10'000) {
        std::string mutated = token;
        for (std::size_t changes = 1 + at_most(3); changes > 0; --changes) {
            const std::size_t at = at_most(mutated.size() - 1);
            switch (at_most(3)) {
                case 0: mutated[at] = alphabet[at_most(alphabet.size() - 1)]; break;
                case 1: mutated[at] = static_cast<char>(at_most(255)); break;
                case 2: mutated.erase(at, 1 + at_most(4)); break;
                default: mutated.insert(at, 1, alphabet[at_most(alphabet.size() - 1)]); break;
            }
            if (mutated.empty()) mutated = "A";
        }
        if (mutated == token) continue;
        ++tried;
        ASSERT_FALSE(read_link_token(mutated, link_key)) << mutated;
    }
    for (int i = 0; i < 1000; ++i) {  // and every other spelling of the last character
        std::string other = token;
        other.back() = alphabet[at_most(alphabet.size() - 1)];
        ASSERT_EQ(read_link_token(other, link_key).has_value(), other == token) << other;
    }
}

TEST(Link, IsNotMadeOfIdsThatNoRequestCouldCarry) {
    EXPECT_EQ(make_link_token(target(std::string(2000, 'x')), link_key), "");
    EXPECT_LE(make_link_token(target(std::string(600, 'x')), link_key).size(), longest_token);
}

}  // namespace
}  // namespace retaind
