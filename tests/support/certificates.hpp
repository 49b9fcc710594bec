// Certificates that sign themselves, in a folder of their own.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace retaind::test {

class Certificates {
public:
    /// `names`: subjectAltName. `when`: a day, by libfaketime, since openssl makes none that is out of date already.
    void make(const std::string& name, const std::string& names, const std::string& when = "") const {
        std::vector<std::string> command = {"openssl",  "req",
                                            "-x509",    "-newkey",
                                            "ec",       "-nodes",
                                            "-pkeyopt", "ec_paramgen_curve:P-256",
                                            "-days",    "30",
                                            "-subj",    "/CN=test",
                                            "-addext",  "subjectAltName=" + names};
        if (!when.empty())
            command.insert(command.begin(), {"env", "LD_PRELOAD=" + faketime(), "FAKETIME=" + when + " 00:00:00"});
        command.insert(command.end(), {"-keyout", key(name), "-out", certificate(name)});
        output_of(command);
    }

    std::string certificate(const std::string& name) const { return folder_.file(name + ".pem"); }
    std::string key(const std::string& name) const { return folder_.file(name + ".key"); }

private:
    static std::string faketime() {
        for (const auto& folder : std::filesystem::directory_iterator{"/usr/lib"}) {
            const auto library = folder.path() / "faketime/libfaketime.so.1";
            if (std::filesystem::exists(library)) return library;
        }
        throw std::runtime_error("libfaketime is not installed");
    }

    TemporaryFolder folder_;
};

}  // namespace retaind::test
