# How tests are built and registered.
#
# One executable is one ctest test, so that ctest's own overhead stays small. The folder a test lives in (core, edge,
# contract, ...) is its first label. Tests run in the root of the source tree, with these variables set:
#   RETAIND_ROOT    the source tree
#   RETAIND_BINARY  the daemon of this build
#   RETAIND_PYTHON  the system's python3, whose packages (aiosmtpd) the tests use
#   GTEST_OUTPUT    where each GoogleTest executable leaves its XML report (read by ./dev test)
# For each label there is a target suite_<label> that builds what its tests need.

find_package(GTest REQUIRED)
find_package(rapidcheck CONFIG REQUIRED)
find_program(RETAIND_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(RETAIND_PYTHON python3 REQUIRED)

set(RETAIND_REPORTS "${CMAKE_BINARY_DIR}/reports")
file(MAKE_DIRECTORY "${RETAIND_REPORTS}")

# What a test itself says runs once and compiles slowly, so under sanitizers it is not optimised, and left to
# AddressSanitizer alone: undefined behaviour is looked for in what is tested. It is most of what ./dev test compiles.
set(RETAIND_TEST_OPTIONS "")
if(RETAIND_SANITIZE)
    set(RETAIND_TEST_OPTIONS -O0)
    if(RETAIND_SANITIZE MATCHES "undefined")
        list(APPEND RETAIND_TEST_OPTIONS -fno-sanitize=undefined)
    endif()
endif()

# GoogleTest's headers are a third of what compiling a test takes, so they are compiled once for all.
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/empty.cpp" CONTENT "")
add_library(retaind_test_headers OBJECT "${CMAKE_BINARY_DIR}/empty.cpp")
target_link_libraries(retaind_test_headers PRIVATE retaind_options GTest::gmock_main)
target_compile_options(retaind_test_headers PRIVATE ${RETAIND_TEST_OPTIONS})
target_precompile_headers(retaind_test_headers PRIVATE
    <algorithm> <chrono> <filesystem> <fstream> <functional> <map> <optional> <set> <string> <vector> <gmock/gmock.h>)

function(retaind_register_test name)
    cmake_parse_arguments(PARSE_ARGV 1 test "ALONE" "TIMEOUT" "COMMAND;LABELS")
    get_filename_component(suite "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
    if(NOT test_TIMEOUT)
        set(test_TIMEOUT 120)
    endif()
    add_test(NAME ${name} COMMAND ${test_COMMAND} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set(environment
        "RETAIND_ROOT=${CMAKE_SOURCE_DIR}"
        "RETAIND_PYTHON=${RETAIND_PYTHON}"
        "GTEST_OUTPUT=xml:${RETAIND_REPORTS}/${name}.xml"
        "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
        "UBSAN_OPTIONS=print_stacktrace=1"
        "TSAN_OPTIONS=halt_on_error=0:exitcode=66:suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")
    if(TARGET retaind)
        list(APPEND environment "RETAIND_BINARY=$<TARGET_FILE:retaind>")
    endif()
    set_tests_properties(${name} PROPERTIES
        LABELS "${suite};${test_LABELS}" TIMEOUT ${test_TIMEOUT} SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
    if(test_ALONE)
        set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
    endif()
    foreach(label IN LISTS suite test_LABELS)
        if(NOT TARGET suite_${label})
            add_custom_target(suite_${label})
        endif()
        foreach(target IN ITEMS ${name} retaind)
            if(TARGET ${target})
                add_dependencies(suite_${label} ${target})
            endif()
        endforeach()
    endforeach()
endfunction()

# retaind_test(<name> SOURCES a_test.cpp ... [LIBS target ...] [LABELS label ...] [TIMEOUT seconds] [ALONE])
#
# ALONE: never beside another test (it measures time, or loads both cores).
function(retaind_test name)
    cmake_parse_arguments(PARSE_ARGV 1 test "ALONE" "TIMEOUT" "SOURCES;LIBS;LABELS")
    add_executable(${name} ${test_SOURCES})
    target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
    target_link_libraries(${name} PRIVATE retaind_options ${test_LIBS} GTest::gmock_main)
    target_compile_options(${name} PRIVATE ${RETAIND_TEST_OPTIONS})
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
    target_precompile_headers(${name} REUSE_FROM retaind_test_headers)
    if(test_ALONE)
        set(alone ALONE)
    endif()
    retaind_register_test(${name} COMMAND ${name} LABELS ${test_LABELS} TIMEOUT ${test_TIMEOUT} ${alone})
endfunction()

# retaind_script_test(<name> COMMAND program argument ... [LABELS label ...] [TIMEOUT seconds] [ALONE])
#
# Exit code 77 means skipped; the script prints "SKIPPED: <reason>" first.
function(retaind_script_test name)
    cmake_parse_arguments(PARSE_ARGV 1 test "ALONE" "TIMEOUT" "COMMAND;LABELS")
    if(test_ALONE)
        set(alone ALONE)
    endif()
    retaind_register_test(${name}
        COMMAND ${test_COMMAND} LABELS ${test_LABELS} TIMEOUT ${test_TIMEOUT} ${alone})
endfunction()

# retaind_bench(<name> SOURCES a_bench.cpp ... [LIBS target ...])
#
# A program that measures and prints; it fails only when it cannot. Its figures also go to reports/<name>.json.
function(retaind_bench name)
    cmake_parse_arguments(PARSE_ARGV 1 bench "" "" "SOURCES;LIBS")
    add_executable(${name} EXCLUDE_FROM_ALL ${bench_SOURCES})
    target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
    target_link_libraries(${name} PRIVATE retaind_options ${bench_LIBS})
    retaind_register_test(${name}
        COMMAND "${CMAKE_COMMAND}" -E env "RETAIND_REPORT=${RETAIND_REPORTS}/${name}.json" "$<TARGET_FILE:${name}>"
        TIMEOUT 3600 ALONE)
endfunction()

# retaind_fuzz(<name> SOURCES a_fuzz.cpp ... [LIBS target ...] [TIMEOUT seconds])
#
# A fuzz target defines LLVMFuzzerTestOneInput. Its seeds are the files in corpus/<name>. In the fuzz preset it becomes
# a libFuzzer program for ./dev fuzz; everywhere else it is a test that runs the seeds and mutations of them.
function(retaind_fuzz name)
    cmake_parse_arguments(PARSE_ARGV 1 fuzz "" "TIMEOUT" "SOURCES;LIBS")
    set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
    add_executable(fuzz_${name} ${fuzz_SOURCES})
    target_link_libraries(fuzz_${name} PRIVATE retaind_options ${fuzz_LIBS})
    if(RETAIND_FUZZ)
        target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzzers")
        if(NOT TARGET suite_fuzz)
            add_custom_target(suite_fuzz)
        endif()
        add_dependencies(suite_fuzz fuzz_${name})
    else()
        target_sources(fuzz_${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cpp")
        retaind_register_test(fuzz_${name} COMMAND fuzz_${name} "${corpus}" TIMEOUT ${fuzz_TIMEOUT})
    endif()
endfunction()

# For a test that runs in full where no sanitizer slows it down: ${without_sanitizers} puts it among the process tests.
if(NOT RETAIND_SANITIZE)
    set(without_sanitizers LABELS process)
endif()
