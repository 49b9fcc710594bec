#!/usr/bin/env python3
"""Each law is shown a small tree that breaks it, and one that does not."""
import unittest

import laws
from source import code_of, functions_of

LAYERS = """
room base:
room model: base
room rules: base model
room ports: base model rules
library fmt: fmt/
library soci: soci/
library curl: curl/
library asio: asio.hpp asio/
edge source: soci fmt
edge delivery: curl
app: asio
main:
"""
HEADER = "#pragma once\n"
DEMAND = {laws.LAYERS: LAYERS}


def violations(law, files):
    return list(law(laws.Tree({**DEMAND, **files})))


class ALawIsBroken(unittest.TestCase):
    """Each case: a sentence, the law, the tree, and a piece of the only violation expected (None: there is none)."""

    CASES = [
        ("a later room may include an earlier one", laws.law_layers,
         {"include/retaind/base/a.hpp": HEADER,
          "include/retaind/model/b.hpp": HEADER + '#include "retaind/base/a.hpp"\n'}, None),
        ("an earlier room may not include a later one", laws.law_layers,
         {"include/retaind/base/a.hpp": HEADER + '#include "retaind/model/b.hpp"\n',
          "include/retaind/model/b.hpp": HEADER}, "base/a.hpp:2: core base may not"),
        ("the bodies of a room keep to the same law", laws.law_layers,
         {"daemon/core/model/a.cpp": '#include "retaind/rules/b.hpp"\n', "include/retaind/rules/b.hpp": HEADER},
         "core model may not"),
        ("the core may not include an edge", laws.law_layers,
         {"daemon/core/model/a.cpp": '#include "edge/source/b.hpp"\n', "daemon/edge/source/b.hpp": HEADER},
         "core model may not"),
        ("an edge may include any core room", laws.law_layers,
         {"daemon/edge/source/a.cpp": '#include "retaind/rules/b.hpp"\n', "include/retaind/rules/b.hpp": HEADER}, None),
        ("an edge may not include another edge", laws.law_layers,
         {"daemon/edge/source/a.cpp": '#include "edge/delivery/b.hpp"\n', "daemon/edge/delivery/b.hpp": HEADER},
         "edge source may not"),
        ("nor by way of a relative path", laws.law_layers,
         {"daemon/edge/source/a.cpp": '#include "../delivery/b.hpp"\n', "daemon/edge/delivery/b.hpp": HEADER},
         "is no file of this tree"),
        ("an edge may not include the app", laws.law_layers,
         {"daemon/edge/source/a.cpp": '#include "app/b.hpp"\n', "daemon/app/b.hpp": HEADER}, "edge source may not"),
        ("a header that CMake writes is as good as its source", laws.law_layers,
         {"daemon/app/a.cpp": '#include "version.hpp"\n', "daemon/app/version.hpp.in": HEADER}, None),
        ("main includes the app and nothing else", laws.law_layers,
         {"daemon/main.cpp": '#include "edge/source/b.hpp"\n', "daemon/edge/source/b.hpp": HEADER}, "main  may not"),
        ("a room that the table does not know has no rights", laws.law_layers,
         {"include/retaind/utils/a.hpp": HEADER}, "'utils' is not in"),

        ("an edge may include its own library", laws.law_libraries,
         {"daemon/edge/source/a.cpp": "#include <soci/soci.h>\n#include <string>\n"}, None),
        ("an edge may not include a library that another one owns", laws.law_libraries,
         {"daemon/edge/delivery/a.cpp": "#include <soci/soci.h>\n"}, "edge delivery may not include <soci/soci.h>"),
        ("the core may use fmt in its bodies", laws.law_libraries,
         {"daemon/core/base/a.cpp": "#include <fmt/format.h>\n"}, None),
        ("but not in its headers", laws.law_libraries,
         {"include/retaind/base/a.hpp": HEADER + "#include <fmt/format.h>\n"}, "may not include <fmt/format.h>"),
        ("the core has no library but fmt", laws.law_libraries,
         {"daemon/core/base/a.cpp": "#include <asio.hpp>\n"}, "may not include <asio.hpp>"),
        ("nor the streams of the standard library", laws.law_libraries,
         {"daemon/core/base/a.cpp": "#include <iostream>\n"}, "<iostream> is not for the core"),
        ("nor its threads", laws.law_libraries,
         {"include/retaind/base/a.hpp": HEADER + "#  include <mutex>\n"}, "<mutex> is not for the core"),
        ("a library that nobody entered in the table", laws.law_libraries,
         {"daemon/edge/source/a.cpp": "#include <leveldb/db.h>\n"}, "belongs to no library"),

        ("an edge's header shows its library to the app", laws.law_headers_hide_libraries,
         {"daemon/app/a.cpp": '#include "edge/source/b.hpp"\n',
          "daemon/edge/source/b.hpp": HEADER + '#include "edge/source/c.hpp"\n',
          "daemon/edge/source/c.hpp": HEADER + "#include <soci/soci.h>\n"},
         "app/a.cpp:1: reaches <soci/soci.h> through daemon/edge/source/c.hpp"),
        ("an edge's header hides its library", laws.law_headers_hide_libraries,
         {"daemon/app/a.cpp": '#include "edge/source/b.hpp"\n#include <asio.hpp>\n',
          "daemon/edge/source/b.hpp": HEADER + "#include <string>\n"}, None),

        ("a clock in the core", laws.law_core_is_pure,
         {"daemon/core/base/a.cpp": "auto t = std::chrono::system_clock::now();\n"}, "a.cpp:1: the core asks a clock"),
        ("another clock", laws.law_core_is_pure,
         {"include/retaind/base/a.hpp": "using Clock = std::chrono::steady_clock;\n"}, "names a clock"),
        ("the seam to time may name the steady clock", laws.law_core_is_pure,
         {"include/retaind/ports/a.hpp": "virtual std::chrono::steady_clock::time_point steady() = 0;\n"}, None),
        ("but not ask it", laws.law_core_is_pure,
         {"include/retaind/ports/a.hpp": "return std::chrono::steady_clock::now();\n"}, "asks a clock"),
        ("the C clock", laws.law_core_is_pure, {"daemon/core/base/a.cpp": "auto t = time(nullptr);\n"}, "asks a clock"),
        ("a wait", laws.law_core_is_pure,
         {"daemon/core/base/a.cpp": "std::this_thread::sleep_for(1s);\n"}, "the core waits"),
        ("a stream", laws.law_core_is_pure, {"daemon/core/base/a.cpp": 'std::cerr << "x";\n'}, "uses a stream"),
        ("a file", laws.law_core_is_pure,
         {"daemon/core/base/a.cpp": 'auto* f = fopen("x", "r");\n'}, "input or output"),
        ("printing with fmt", laws.law_core_is_pure,
         {"daemon/core/base/a.cpp": 'fmt::print("x");\n'}, "input or output"),
        ("a thread", laws.law_core_is_pure, {"daemon/core/base/a.cpp": "std::thread worker;\n"}, "uses threads"),
        ("the environment", laws.law_core_is_pure,
         {"daemon/core/base/a.cpp": 'auto* home = std::getenv("HOME");\n'}, "reads the environment"),
        ("dice", laws.law_core_is_pure, {"daemon/core/base/a.cpp": "int x = rand();\n"}, "rolls dice"),
        ("words in comments and strings are only words", laws.law_core_is_pure,
         {"daemon/core/base/a.cpp": '// never std::thread\nauto s = "getenv"; /* std::cout\nrand() */\n'}, None),
        ("innocent words that look alike", laws.law_core_is_pure,
         {"daemon/core/base/a.cpp": "auto x = brand(1) + run_time(0) + promise.known(now);\nstd::chrono::seconds s;\n"},
         None),

        ("a function of 69 lines", laws.law_functions_fit_a_screen,
         {"daemon/core/base/a.cpp": "int f() {\n" + "++x;\n" * 67 + "}\n"}, None),
        ("a function of 70 lines", laws.law_functions_fit_a_screen,
         {"daemon/core/base/a.cpp": "int f() {\n" + "++x;\n" * 68 + "}\n"}, "a.cpp:1: f has 70 lines"),
        ("a long method inside namespace and class", laws.law_functions_fit_a_screen,
         {"daemon/core/base/a.hpp": "namespace a {\nclass B : public C {\npublic:\n    void f() const override {\n"
          + "++x;\n" * 80 + "}\n};\n}\n"}, "a.hpp:4: f has 82 lines"),
        ("a long constructor with braced members", laws.law_functions_fit_a_screen,
         {"daemon/core/base/a.cpp": "B::B(int a) : a_{a}, b_{2} {\n" + "++x;\n" * 80 + "}\n"}, "a.cpp:1: B::B has 82"),
        ("lambdas count for the function they stand in", laws.law_functions_fit_a_screen,
         {"daemon/core/base/a.cpp": "void f() {\n    g([] {\n" + "++x;\n" * 70 + "    });\n}\n"}, "f has 74 lines"),
        ("a long table is no function", laws.law_functions_fit_a_screen,
         {"daemon/core/base/a.cpp": "const std::vector<Case> cases = {\n" + "{1},\n" * 100 + "};\n"}, None),
        ("a test's table may be long", laws.law_functions_fit_a_screen,
         {"tests/core/a_test.cpp": "TEST(A, B) {\n" + "{1},\n" * 100 + "}\n"}, None),

        ("scripts may be listed by a path from their folder", laws.law_sources_are_listed,
         {"tests/process/a_test.sh": "",
          "tests/process/CMakeLists.txt": 'retaind_script_test(a COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/a_test.sh")'},
         None),
        ("a source that its folder lists", laws.law_sources_are_listed,
         {"tests/core/a_test.cpp": "", "tests/core/CMakeLists.txt": "retaind_test(a SOURCES a_test.cpp)\n"}, None),
        ("a source that a folder above lists", laws.law_sources_are_listed,
         {"daemon/core/base/deep/a.cpp": "", "daemon/core/base/CMakeLists.txt": "target_sources(x deep/a.cpp)\n"},
         None),
        ("a test that nobody builds", laws.law_sources_are_listed,
         {"tests/core/a_test.cpp": "", "tests/core/CMakeLists.txt": "retaind_test(b SOURCES b_test.cpp)\n"},
         "tests/core/a_test.cpp:1: no CMakeLists.txt lists it"),
        ("a longer name does not list a shorter one", laws.law_sources_are_listed,
         {"tests/core/a_test.cpp": "", "tests/core/CMakeLists.txt": "retaind_test(a SOURCES aa_test.cpp)\n"},
         "a_test.cpp"),
        ("nor does a comment", laws.law_sources_are_listed,
         {"tests/core/a_test.cpp": "", "tests/core/CMakeLists.txt": "# retaind_test(a SOURCES a_test.cpp)\n"},
         "a_test.cpp"),
        ("a script that nobody runs", laws.law_sources_are_listed,
         {"tests/process/mail_test.py": ""}, "mail_test.py:1"),

        ("somebody's home", laws.law_no_machine_paths, {"docs/a.md": "see /ho" + "me/anna/retaind\n"}, "docs/a.md:1"),
        ("the system's own places are the same everywhere", laws.law_no_machine_paths,
         {"docs/a.md": "/etc/retaind/retaind.toml, /var/lib/retaind, https://x/home/y, ~/notes/x\n"}, None),

        ("two types of one name", laws.law_types_have_one_home,
         {"include/retaind/base/a.hpp": "namespace retaind {\nstruct Story {\n};\n}\n",
          "daemon/edge/source/b.cpp": "namespace retaind {\nclass Story final : public X {\n};\n}\n"},
         "Story is another type in"),
        ("each file may have its own small words, and a room its own namespace", laws.law_types_have_one_home,
         {"daemon/core/model/a.cpp": "namespace retaind {\nnamespace {\nstruct S {\n};\n}  // namespace\n}\n",
          "daemon/core/model/b.cpp": "namespace retaind {\nnamespace {\nstruct S {\n};\n}  // namespace\n}\n",
          "daemon/core/model/c.hpp": "namespace retaind {\nstruct S;\nstruct S {\n};\n}\n",
          "daemon/edge/source/d.hpp": "namespace retaind::demo {\nstruct S {\n};\n}\n"}, None),
        ("a header without a guard", laws.law_headers_guard_themselves,
         {"include/retaind/base/a.hpp": "int a;\n"}, "#pragma once"),
        ("a comment may come before the guard", laws.law_headers_guard_themselves,
         {"include/retaind/base/a.hpp": "// What it is.\n#pragma once\nint a;\n"}, None),
        ("a header that opens a namespace", laws.law_headers_guard_themselves,
         {"include/retaind/base/a.hpp": HEADER + "using namespace std;\n"}, "a.hpp:2: a header opens"),

        ("a line of 121 columns", laws.law_lines_are_readable, {"daemon/a.cpp": "x" * 121 + "\n"}, "121 columns"),
        ("a line of 120 columns, umlauts counted once", laws.law_lines_are_readable, {"daemon/a.cpp": "ü" * 120}, None),
        ("a tab", laws.law_lines_are_readable, {"daemon/a.cpp": "a\tb\n"}, "a tab"),
        ("a blank at the end", laws.law_lines_are_readable, {"daemon/a.cpp": "ab \n"}, "blanks at the end"),

        ("a test that sleeps", laws.law_tests_never_sleep,
         {"tests/edge/a_test.cpp": "std::this_thread::sleep_for(10ms);\n"}, "a test sleeps"),
        ("the one place that waits", laws.law_tests_never_sleep,
         {"tests/support/wait.cpp": "std::this_thread::sleep_for(10ms);\n"}, None),

        ("a class that says nothing", laws.law_types_say_what_they_are,
         {"daemon/core/base/a.cpp": "class AlertManager;\n"}, "AlertManager says nothing"),
        ("a drawer", laws.law_types_say_what_they_are, {"daemon/app/utils.cpp": ""}, "a name that says nothing"),
        ("the account manager is a person", laws.law_types_say_what_they_are,
         {"daemon/core/base/a.cpp": "struct AccountManager {};\n"}, None),

        ("a header of 201 lines", laws.warning_headers_are_pages, {"daemon/a.hpp": "\n" * 201}, "201 lines"),
        ("a header of 200 lines", laws.warning_headers_are_pages, {"daemon/a.hpp": "\n" * 200}, None),
    ]

    def test_each_case(self):
        for sentence, law, files, expected in self.CASES:
            with self.subTest(sentence):
                found = violations(law, files)
                if expected is None:
                    self.assertEqual(found, [])
                else:
                    self.assertEqual(len(found), 1, found)
                    self.assertIn(expected, found[0])

    def test_no_law_is_without_a_case_that_breaks_it(self):
        broken = {law for _, law, _, expected in self.CASES if expected is not None}
        self.assertEqual(set(laws.LAWS + laws.WARNINGS) - broken, set())


class SourceText(unittest.TestCase):
    def test_lines_stay_where_they_were(self):
        text = 'a; /* 1\n2 */ "x\\"y"; R"(\n{ // "\n)"; \'{\'; 1\'000\'000; // }\nb;\n'
        code = code_of(text)
        self.assertEqual(code.count("\n"), text.count("\n"))
        self.assertNotIn("{", code)
        self.assertIn("1'000'000", code)
        self.assertEqual(code.splitlines()[-1], "b;")

    def test_functions_are_found_with_their_names(self):
        text = """
namespace a::b {
enum class E { x, y };
struct S {
    int v = 1;
    int get() const { return v; }
    bool operator==(const S&) const = default;
    S() : v{3} {}
    std::vector<int> list{1, 2};
};
#define BODY(x) { \\
    x }
template <class T> auto twice(T t) -> decltype(t) {
    if (t) { return t; }
    return t;
}
constexpr std::array table = {S{}, S{}};
const auto fn = [](int x) { return x; };
}  // namespace
extern "C" int entry(const char* p) {
    return 0;
}
TEST(Suite, Name) { }
"""
        self.assertEqual([name for name, _, _ in functions_of(text)],
                         ["get", "S", "twice", "fn", "entry", "TEST(Suite, Name)"])


if __name__ == "__main__":
    unittest.main()
