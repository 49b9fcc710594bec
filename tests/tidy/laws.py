#!/usr/bin/env python3
"""The laws of the house, checked over the tree: laws.py ROOT

Each law is a function from a Tree (path -> text) to violations, so that its own test can hand it a small tree that
breaks it. A violation is a line "path:line: what is wrong". Warnings do not fail the test.
"""
import pathlib
import re
import subprocess
import sys

from source import code_of, functions_of, includes_of

LAYERS = "tests/tidy/layers.txt"
LONGEST_FUNCTION = 70
LONGEST_HEADER = 200
LONGEST_LINE = 120

CORE_HEADERS = set("""
    algorithm any array bit bitset cassert cctype cerrno cfloat charconv chrono cinttypes climits cmath compare complex
    concepts cstddef cstdint cstdlib cstring deque exception expected forward_list functional initializer_list
    iterator limits list map memory new numbers numeric optional queue ranges ratio set span stack
    source_location stdexcept string
    string_view system_error tuple type_traits typeindex typeinfo unordered_map unordered_set utility
    valarray variant vector version""".split())

# What a pure core has no use for: each word names a clock, a wait, a stream, a thread, or the world outside.
CORE_WORDS = {
    r"::now\s*\(": "asks a clock",
    r"\b(?:system|steady|high_resolution)_clock::now\b": "asks a clock",
    r"(?<![\w.>:])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0)\s*\)": "asks a clock",
    r"\b(?:std::)?(?:localtime|gmtime|mktime|clock_gettime|gettimeofday)(?:_r)?\s*\(": "asks a clock or the local zone",
    r"\bsleep_(?:for|until)\b|\bu?sleep\s*\(|\bnanosleep\b": "waits",
    r"\bstd::(?:cout|cerr|clog|cin|i?o?f?stringstream|i?ofstream|ifstream|fstream|ostream|istream)\b": "uses a stream",
    r"\bf(?:open|write|read|printf|puts)\s*\(|(?<![\w:])printf\s*\(|\bfmt::print\b": "does input or output",
    r"\bstd::(?:j?thread|mutex|shared_mutex|condition_variable|future|promise|async|atomic)\b": "uses threads",
    r"\bgetenv\b": "reads the environment",
    r"(?<![\w.>])s?rand\s*\(|\brandom_device\b": "rolls dice",
    r"\bstd::(?:setlocale|locale)\b": "depends on the locale",
}
CORE_WORDS_BUT_PORTS = {r"\b(?:steady|high_resolution)_clock\b": "names a clock"}


class Tree:
    """The files of the house as text, by path from the root."""

    def __init__(self, files):
        self.files = files

    @staticmethod
    def read(root):
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                                capture_output=True, check=False)
        if listed.returncode == 0:
            names = [name for name in listed.stdout.decode().split("\0") if name]
        else:  # an unpacked tarball
            names = [str(path.relative_to(root)) for path in root.rglob("*")
                     if path.is_file() and path.relative_to(root).parts[0] not in ("build", ".git")]
        files = {}
        for name in sorted(set(names)):
            try:
                files[name] = (root / name).read_text()
            except (UnicodeDecodeError, OSError):
                continue  # binary, or deleted and not yet committed
        return Tree(files)

    def cpp(self, *folders):
        return {path: text for path, text in self.files.items()
                if path.endswith((".cpp", ".hpp")) and path.startswith(folders or ("",))}


class Layers:
    """The table of layers.txt."""

    def __init__(self, text):
        self.rooms, self.libraries, self.edges, self.app, self.main = {}, {}, {}, set(), set()
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if not line:
                continue
            head, words = line.split(":", 1)
            kind, *name = head.split()
            words = words.split()
            if kind == "room":
                self.rooms[name[0]] = set(words)
            elif kind == "library":
                self.libraries[name[0]] = words
            elif kind == "edge":
                self.edges[name[0]] = set(words)
            elif kind in ("app", "main"):
                setattr(self, kind, set(words))
            else:
                raise ValueError(f"{LAYERS}: unknown kind {kind!r}")

    def library_of(self, header):
        """The library an <include> belongs to; "std" without a folder or .h; None when the table does not know it."""
        for name, marks in self.libraries.items():
            if any(header == mark or (mark.endswith("/") and header.startswith(mark)) for mark in marks):
                return name
        return "std" if re.fullmatch(r"[a-z_]+", header) else None


def place_of(path):
    """(floor, room): ("core", "rules"), ("edge", "http"), ("app", ""), ("main", ""), ("tests", "core")."""
    parts = path.split("/")
    if path.startswith("include/retaind/"):
        return "core", parts[2]
    if path.startswith(("daemon/core/", "daemon/edge/")):
        return parts[1], parts[2]
    if path.startswith("daemon/app/"):
        return "app", ""
    if path == "daemon/main.cpp":
        return "main", ""
    if path.startswith("tests/"):
        return "tests", parts[1]
    return "elsewhere", ""


def resolve(tree, path, name):
    """The file that a quoted include means: beside the includer, then include/, daemon/ and tests/."""
    beside = "/".join(path.split("/")[:-1] + [name])
    for candidate in (beside, f"include/{name}", f"daemon/{name}", f"tests/{name}"):
        for file in (candidate, f"{candidate}.in"):  # CMake writes x.hpp from x.hpp.in
            if file in tree.files:
                return file
    return None


# -- the laws ---------------------------------------------------------------------------------------------------------

def law_layers(tree):
    """Core rooms include only those before them; edges include the core, themselves, and no other edge."""
    layers = Layers(tree.files[LAYERS])
    for path, text in tree.cpp("include/", "daemon/").items():
        floor, room = place_of(path)
        if floor == "core" and room not in layers.rooms or floor == "edge" and room not in layers.edges:
            yield f"{path}:1: the room {room!r} is not in {LAYERS}"
            continue
        for line, kind, name in includes_of(text):
            if kind == "<":
                continue
            target = resolve(tree, path, name)
            if target is None:
                yield f'{path}:{line}: "{name}" is no file of this tree'
                continue
            where = place_of(target)
            if where == (floor, room) or where[0] == "core" and floor in ("edge", "app"):
                continue
            if floor == "core" and where[0] == "core" and where[1] in layers.rooms[room]:
                continue
            if floor == "app" and where[0] == "edge" or floor == "main" and where[0] == "app":
                continue
            yield f'{path}:{line}: {floor} {room} may not include "{name}"'


def law_libraries(tree):
    """Each library has its owning rooms; the core has the standard library and fmt (fmt not in its headers)."""
    layers = Layers(tree.files[LAYERS])
    for path, text in tree.cpp("include/", "daemon/").items():
        floor, room = place_of(path)
        allowed = {"core": {"fmt"}, "edge": layers.edges.get(room, set()), "app": layers.app,
                   "main": layers.main}.get(floor, set())
        if path.startswith("include/"):
            allowed = set()
        for line, kind, header in includes_of(text):
            if kind == '"':
                continue
            library = layers.library_of(header)
            if library is None:
                yield f"{path}:{line}: <{header}> belongs to no library in {LAYERS}"
            elif library == "std" and floor == "core" and header not in CORE_HEADERS:
                yield f"{path}:{line}: <{header}> is not for the core: values and pure functions only"
            elif library != "std" and library not in allowed:
                yield f"{path}:{line}: {floor} {room} may not include <{header}> ({library})"


def law_headers_hide_libraries(tree):
    """What app and main include through the headers of edges brings no library that they may not have."""
    layers = Layers(tree.files[LAYERS])
    for path in tree.cpp("daemon/app/", "daemon/main.cpp"):
        floor, _ = place_of(path)
        allowed = {"std", *(layers.app if floor == "app" else layers.main | layers.app)}
        seen, waiting = {path}, [path]
        while waiting:
            current = waiting.pop()
            for _, kind, name in includes_of(tree.files[current]):
                if kind == "<" and current != path and layers.library_of(name) not in allowed:
                    yield f"{path}:1: reaches <{name}> through {current}"
                target = resolve(tree, current, name) if kind == '"' else None
                if target and target not in seen:
                    seen.add(target)
                    waiting.append(target)


def law_core_is_pure(tree):
    """No clock, wait, stream, thread, environment or dice in the core. (The seam to time may name the steady clock.)"""
    for path, text in tree.cpp("include/", "daemon/core/").items():
        words = CORE_WORDS if place_of(path)[1] == "ports" else {**CORE_WORDS, **CORE_WORDS_BUT_PORTS}
        for line, content in enumerate(code_of(text).splitlines(), 1):
            for pattern, what in words.items():
                if re.search(pattern, content):
                    yield f"{path}:{line}: the core {what}: {content.strip()[:80]}"
                    break


def law_functions_fit_a_screen(tree):
    """A function has fewer than 70 lines. A test's table of cases may be longer."""
    for path, text in tree.cpp().items():
        for name, first, last in functions_of(text):
            lines = last - first + 1
            if lines >= LONGEST_FUNCTION and not name.startswith(("TEST", "RC_GTEST")):
                yield f"{path}:{first}: {name} has {lines} lines; fewer than {LONGEST_FUNCTION} fit a screen"


def law_sources_are_listed(tree):
    """Every .cpp, and every test script, is named in a CMakeLists.txt of its folder or of one above."""
    for path in tree.files:
        is_source = path.endswith(".cpp") and path.startswith(("daemon/", "tests/"))
        is_script = re.search(r"_test\.(py|sh)$", path) and path.startswith("tests/")
        if not (is_source or is_script):
            continue
        parts = path.split("/")
        lists = ("/".join(parts[:depth] + ["CMakeLists.txt"]) for depth in range(len(parts) - 1, -1, -1))
        shared = [text for name, text in tree.files.items() if name.startswith("cmake/")]
        named = False
        for depth, name in zip(range(len(parts) - 1, -1, -1), lists):
            listed = "/".join(parts[depth:])
            text = re.sub(r"#.*", "", tree.files.get(name, ""))
            named = named or re.search(rf"(?:(?<=\}}/)|(?<![\w./-])){re.escape(listed)}(?![\w.])", text) is not None
        if not named and not any(path in text for text in shared):
            yield f"{path}:1: no CMakeLists.txt lists it, so nothing builds it"


def law_no_machine_paths(tree):
    """No file names a place on somebody's machine."""
    places = re.compile(r"(?<![\w.~$}])/(?:home|Users|work|farm|root|mnt)/\w|[A-Z]:\\\\?Users|/\.library\b")
    for path, text in tree.files.items():
        for line, content in enumerate(text.splitlines(), 1):
            if places.search(content):
                yield f"{path}:{line}: a path of one machine: {content.strip()[:80]}"


def law_headers_guard_themselves(tree):
    """#pragma once comes first, and no header opens a namespace for all who include it."""
    for path, text in tree.cpp().items():
        if not path.endswith(".hpp"):
            continue
        code = [line for line in code_of(text).splitlines() if line.strip()]
        if not code or code[0].strip() != "#pragma once":
            yield f"{path}:1: #pragma once is not the first line of code"
        for line, content in enumerate(code_of(text).splitlines(), 1):
            if re.match(r"using\s+namespace\b", content):
                yield f"{path}:{line}: a header opens a namespace for everyone"


def law_lines_are_readable(tree):
    """At most 120 columns, no tabs, no blanks at the end of a line."""
    for path, text in tree.files.items():
        if not path.endswith((".cpp", ".hpp", ".cmake", ".py", ".sh")) and path.split("/")[-1] != "CMakeLists.txt":
            continue
        for line, content in enumerate(text.splitlines(), 1):
            if len(content) > LONGEST_LINE:
                yield f"{path}:{line}: {len(content)} columns, more than {LONGEST_LINE}"
            if "\t" in content:
                yield f"{path}:{line}: a tab"
            if content != content.rstrip():
                yield f"{path}:{line}: blanks at the end"


def law_tests_never_sleep(tree):
    """A test waits for something that happens (tests/support), never for time to pass."""
    for path, text in tree.cpp("tests/").items():
        if path.startswith("tests/support/"):
            continue
        for line, content in enumerate(code_of(text).splitlines(), 1):
            if re.search(r"\bsleep_(?:for|until)\b|\bu?sleep\s*\(|\bnanosleep\b", content):
                yield f"{path}:{line}: a test sleeps: {content.strip()[:80]}"


def law_types_say_what_they_are(tree):
    """No manager, helper, util or context: such names say nothing. (The account manager is a person.)"""
    named = re.compile(r"\b(?:class|struct)\s+(\w*(?:Manager|Helpers?|Utils?|Context))\b")
    for path, text in tree.cpp().items():
        if re.search(r"(?:^|[/_])(?:helpers?|utils?|common|misc)(?:[._/])", path):
            yield f"{path}:1: a name that says nothing"
        for line, content in enumerate(code_of(text).splitlines(), 1):
            found = named.search(content)
            if found and found.group(1) != "AccountManager":
                yield f"{path}:{line}: {found.group(1)} says nothing about what it is"


def law_types_have_one_home(tree):
    """A type's name stands once in its namespace: two of one name are one to the linker, which tells nobody."""
    homes = {}
    for folder in ("include/", "daemon/"):
        for path, text in tree.cpp(folder).items():
            code = code_of(re.sub(r"(?ms)^namespace \{.*?^\}  // namespace$", "", text))
            space = re.search(r"(?m)^namespace ([\w:]+) \{", code)
            for found in re.finditer(r"(?m)^(?:struct|class|enum class) (\w+)\b(?!::)[^;{]*\{", code):
                homes.setdefault((space.group(1) if space else "", found.group(1)), []).append(path)
    for (_, name), paths in sorted(homes.items()):
        for path in paths[1:]:
            yield f"{path}:1: {name} is another type in {paths[0]}"


def warning_headers_are_pages(tree):
    """A header over 200 lines is more than a page."""
    for path, text in tree.cpp().items():
        lines = text.count("\n")
        if path.endswith(".hpp") and lines > LONGEST_HEADER:
            yield f"{path}:1: {lines} lines, more than {LONGEST_HEADER}"


LAWS = [law_layers, law_libraries, law_headers_hide_libraries, law_core_is_pure, law_functions_fit_a_screen,
        law_sources_are_listed, law_no_machine_paths, law_headers_guard_themselves, law_lines_are_readable,
        law_tests_never_sleep, law_types_say_what_they_are, law_types_have_one_home]
WARNINGS = [warning_headers_are_pages]


def main():
    tree = Tree.read(pathlib.Path(sys.argv[1]))
    broken = 0
    for law in LAWS:
        violations = list(law(tree))
        broken += len(violations)
        print(f'{"FAILED" if violations else "ok":<7} {law.__name__[4:]}: {law.__doc__.strip()}')
        for violation in violations:
            print(f"  {violation}")
    for warning in WARNINGS:
        for sentence in warning(tree):
            print(f"warning {sentence}")
    print(f"{len(LAWS)} laws over {len(tree.files)} files, {broken} violations")
    return 1 if broken or not tree.cpp("include/") else 0


if __name__ == "__main__":
    sys.exit(main())
