// Runs a fuzz target without libFuzzer: every seed of a folder once, then random mutations of the seeds.
//
//   fuzz_<name> <corpus folder>      RETAIND_SEED and RETAIND_FUZZ_RUNS choose other mutations and more of them
//
// The mutations are blind, so this finds what breaks easily; ./dev fuzz looks deeper. When an input breaks the target,
// it is left as crash-<seed> beside the program, and the seed repeats the whole run.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

using Input = std::string;

constexpr std::size_t longest_input = 65536;

unsigned long long setting(const char* name, unsigned long long otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::vector<Input> read_corpus(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<Input> corpus;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return corpus;
}

class Mutator {
public:
    Mutator(const std::vector<Input>& corpus, unsigned long long seed) : corpus_(corpus), random_(seed) {}

    Input next() {
        Input input = corpus_[below(corpus_.size())];
        for (auto steps = 1 + below(8); steps > 0; --steps) mutate(input);
        if (input.size() > longest_input) input.resize(longest_input);
        return input;
    }

private:
    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

    void mutate(Input& input) {
        const auto at = below(input.size() + 1);
        const auto length = below(std::min<std::size_t>(input.size() - at, 16) + 1);
        switch (below(6)) {
            case 0: input.insert(at, 1, static_cast<char>(below(256))); break;
            case 1: input.erase(at, length); break;
            case 2:
                if (at < input.size()) input[at] = static_cast<char>(below(256));
                break;
            case 3:
                if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
                break;
            case 4: input.insert(at, input.substr(at, length)); break;
            case 5: splice(input, at); break;
        }
    }

    void splice(Input& input, std::size_t at) {
        const Input& other = corpus_[below(corpus_.size())];
        input = input.substr(0, at) + other.substr(below(other.size() + 1));
    }

    const std::vector<Input>& corpus_;
    std::mt19937_64 random_;
};

/// The input that is being run, in a file that is still there when the process is not. Kept open: closing a file that
/// was cut to nothing makes some file systems write it out each time.
class LastInput {
public:
    explicit LastInput(std::filesystem::path path)
        : path_(std::move(path)), file_(::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644)) {}
    LastInput(const LastInput&) = delete;
    LastInput& operator=(const LastInput&) = delete;
    ~LastInput() {
        ::close(file_);
        std::filesystem::remove(path_);
    }

    bool keep(const Input& input) {
        return ::ftruncate(file_, 0) == 0 &&
               ::pwrite(file_, input.data(), input.size(), 0) == static_cast<ssize_t>(input.size());
    }

private:
    std::filesystem::path path_;
    int file_;
};

void run(const Input& input) {
    // A copy of exact size on the heap, so that AddressSanitizer sees a read past its end.
    const std::vector<std::uint8_t> bytes(input.begin(), input.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " CORPUS_FOLDER\n";
        return 2;
    }
    const auto corpus = read_corpus(argv[1]);
    if (corpus.empty()) {
        std::cerr << "no seeds in " << argv[1] << '\n';
        return 1;
    }
    const auto seed = setting("RETAIND_SEED", std::random_device{}());
    const auto runs = setting("RETAIND_FUZZ_RUNS", 10000);
    std::cout << corpus.size() << " seeds, " << runs << " mutations, RETAIND_SEED=" << seed << std::endl;
    for (const auto& input : corpus) run(input);
    LastInput last{std::filesystem::path(argv[0]).parent_path() / ("crash-" + std::to_string(seed))};
    Mutator mutator(corpus, seed);
    for (unsigned long long i = 0; i < runs; ++i) {
        const Input input = mutator.next();
        if (!last.keep(input)) {
            std::cerr << "cannot keep the input\n";
            return 1;
        }
        run(input);
    }
    return 0;
}
