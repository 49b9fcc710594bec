#include "retaind/base/words.hpp"

namespace retaind {

Words::Words() { texts_.emplace_back(); }

Word Words::intern(std::string_view text) {
    if (const auto found = index_.find(text); found != index_.end()) return found->second;
    const auto word = static_cast<Word>(texts_.size());
    index_.emplace(texts_.emplace_back(text), word);
    return word;
}

Word Words::find(std::string_view text) const {
    const auto found = index_.find(text);
    return found == index_.end() ? no_word : found->second;
}

}  // namespace retaind
