# Every library from outside, found once. One room owns each (tests/tidy/layers.txt).

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(SOCI REQUIRED COMPONENTS core sqlite3 postgresql)
find_package(PostgreSQL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(Asio REQUIRED)
find_package(restinio CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(tomlplusplus CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(date CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)

# A number must not turn into a string (or a string into a number) behind our back.
add_library(retaind_json INTERFACE)
target_link_libraries(retaind_json INTERFACE nlohmann_json::nlohmann_json)
target_compile_definitions(retaind_json INTERFACE JSON_USE_IMPLICIT_CONVERSIONS=0)

# Header only, no configuration of its own.
find_path(MUSTACHE_INCLUDE_DIR kainjow/mustache.hpp REQUIRED)
mark_as_advanced(MUSTACHE_INCLUDE_DIR)
add_library(retaind_mustache INTERFACE)
target_include_directories(retaind_mustache SYSTEM INTERFACE "${MUSTACHE_INCLUDE_DIR}")

# RESTinio's own target brings fmt, http_parser and Asio's defines; the rest of what it includes comes from here.
add_library(retaind_restinio INTERFACE)
target_link_libraries(retaind_restinio INTERFACE restinio::restinio Asio::asio OpenSSL::SSL OpenSSL::Crypto)
