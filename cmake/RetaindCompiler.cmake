# How every target of ours is compiled: C++20, all warnings, sanitizers by preset, ccache when it is there.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET default)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY USE_FOLDERS ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug or RelWithDebInfo" FORCE)
endif()

# Results are shared between checkouts: paths are relative to the tree, also in debug information.
find_program(CCACHE_PROGRAM ccache)
mark_as_advanced(CCACHE_PROGRAM)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
        "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE_PROGRAM}")
endif()

add_library(retaind_options INTERFACE)
target_include_directories(retaind_options INTERFACE "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/daemon")
target_compile_options(retaind_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
target_compile_definitions(retaind_options INTERFACE "RETAIND_VERSION=\"${PROJECT_VERSION}\"")

# g++ 12 warns of an overlap inside std::string that cannot be (its bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(retaind_options INTERFACE -Wno-restrict)
endif()

# Where sources share a translation unit, a name of one hides a name of another. The dev preset, where each stands
# alone, still warns of names that hide each other inside one.
if(CMAKE_UNITY_BUILD)
    target_compile_options(retaind_options INTERFACE -Wno-shadow)
endif()

if(RETAIND_WERROR)
    target_compile_options(retaind_options INTERFACE -Werror)
endif()
if(RETAIND_FAILPOINTS)
    target_compile_definitions(retaind_options INTERFACE RETAIND_FAILPOINTS=1)
endif()
if(RETAIND_SANITIZE)
    # The vptr check cannot link SOCI, whose type information is hidden.
    set(sanitize -fsanitize=${RETAIND_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(RETAIND_SANITIZE MATCHES "undefined")
        list(APPEND sanitize -fno-sanitize=vptr)
        # A null pointer ends in AddressSanitizer too, and x86 forgives what is misaligned. To look for both is a third
        # of compiling with UBSan: the dev preset still does.
        if(CMAKE_UNITY_BUILD)
            list(APPEND sanitize -fno-sanitize=null,alignment)
        endif()
    endif()
    # What ThreadSanitizer inserts makes g++ 12 warn of copies beyond an end that cannot be.
    if(RETAIND_SANITIZE MATCHES "thread")
        list(APPEND sanitize -Wno-stringop-overflow -Wno-array-bounds)
    endif()
    add_compile_options(${sanitize})
    add_link_options(${sanitize})
endif()
if(RETAIND_FUZZ)
    # What is fuzzed tells libFuzzer which branches it took; the fuzz targets bring libFuzzer itself.
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_definitions(retaind_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
