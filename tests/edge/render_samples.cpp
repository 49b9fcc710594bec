// Writes one message of every kind into a folder, as each type of receiver gets it: to be looked at, in a browser too.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "support/sample_messages.hpp"

namespace {

using retaind::ReceiverType;

void write(const std::filesystem::path& path, const std::string& text) { std::ofstream{path} << text; }

}  // namespace

int main(int count, char** words) {
    if (count != 2) return std::cerr << "usage: render_samples FOLDER\n", 2;
    const std::filesystem::path folder = words[1];
    std::filesystem::create_directories(folder);
    for (const auto& [name, message] : retaind::test::sample_messages()) {
        const auto mail = retaind::test::render_sample(message, ReceiverType::email);
        write(folder / (name + ".txt"), mail.subject + "\n\n" + mail.text);
        write(folder / (name + ".html"), mail.html);
        for (const auto& [ending, type] :
             {std::pair{".webhook.json", ReceiverType::webhook}, std::pair{".slack.json", ReceiverType::slack},
              std::pair{".alertmanager.json", ReceiverType::alertmanager}})
            write(folder / (name + ending), retaind::test::render_sample(message, type).json + "\n");
    }
}
