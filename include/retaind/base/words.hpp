// Text kept once. A Word is the index of a text in its pool; Word 0 is "no text" (a NULL).
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace retaind {

using Word = std::uint32_t;
inline constexpr Word no_word = 0;

/// A pool of distinct texts. Codes depend on the order of arrival, so nothing that leaves the core may: sort by
/// text. Texts stay where they are, so views into the pool live as long as the pool (also when it is moved).
class Words {
public:
    Words();
    Words(const Words&) = delete;
    Words& operator=(const Words&) = delete;
    Words(Words&&) noexcept = default;
    Words& operator=(Words&&) noexcept = default;

    Word intern(std::string_view text);                              ///< never no_word, also for ""
    Word find(std::string_view text) const;                          ///< no_word when it is not there
    std::string_view text(Word word) const { return texts_[word]; }  ///< "" for no_word
    std::size_t size() const { return texts_.size(); }               ///< one more than the number of texts

private:
    std::deque<std::string> texts_;
    std::unordered_map<std::string_view, Word> index_;
};

}  // namespace retaind
