"""C++ and CMake text as the laws need to see it: without comments, with functions that have a beginning and an end."""
import re

_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/'                                  # comments
    r'|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'       # raw strings
    r'|"(?:\\.|[^"\\\n])*"'                                # strings
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",               # characters, but not the ' of 1'000
    re.DOTALL)


def code_of(text):
    """The text with comments and the insides of strings blanked, line by line where it was."""
    def blank(match):
        found = match.group()
        lines = "\n" * found.count("\n")
        if found.startswith(("//", "/*")):
            return " " + lines
        return f'""{lines}' if found[0] in 'R"' else "' '"
    return _TOKEN.sub(blank, text)


def includes_of(text):
    """(line, '<' or '"', name) of every include."""
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1), found.group(2)


def _without_preprocessor(code):
    """Directives blanked, with their continuation lines."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group().count("\n"), code, flags=re.MULTILINE)


_SCOPE = re.compile(r'\bnamespace\b|\bextern\s*""|^\s*(?:template\s*<.*>\s*)?(?:class|struct|union|enum)\b', re.DOTALL)


def functions_of(text):
    """(name, first line, last line) of every function body outside of other functions; lambdas belong to theirs."""
    code = _without_preprocessor(code_of(text))
    at, header, header_at = 0, "", 0
    while at < len(code):
        char = code[at]
        if char == "{":
            kind = _kind(header)
            if kind == "scope":
                header, at, header_at = "", at + 1, at + 1
                continue
            end = _matching(code, at)
            if kind == "function":
                first = header_at + len(header) - len(header.lstrip())
                yield _name(header), code.count("\n", 0, first) + 1, code.count("\n", 0, end) + 1
            header = header + "{}" if kind == "member" else ""
            at = end + 1
            if kind != "member":
                header_at = at
            continue
        if char in ";}" or (char == ":" and re.search(r"\b(?:public|private|protected)\s*$", header)):
            header, header_at = "", at + 1
        else:
            header += char
        at += 1


def _matching(code, opening):
    depth = 0
    for at in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return len(code) - 1


def _kind(header):
    """What a '{' after this header opens: scope, function, a braced member of a constructor's list, or a value."""
    bare = header.strip()
    if not re.search(r"\)", bare):
        return "scope" if _SCOPE.search(bare) else "value"
    if re.search(r"\bnamespace\b", bare):
        return "scope"
    if re.search(r"(?<![=!<>])=\s*$|=\s*[\w:<>, ]*$", bare) and not re.search(r"operator\s*=", bare):
        return "value"
    if re.search(r"\)\s*(?:noexcept\s*)?:(?!:).*[\w>]$", bare, re.DOTALL):
        return "member"
    return "function"


def _name(header):
    tidy = re.sub(r"\s+", " ", header.strip())
    test = re.match(r"(TEST(?:_F|_P)?|RC_GTEST_PROP) ?\( ?(\w+) ?, ?(\w+)", tidy)
    if test:
        return f"{test.group(1)}({test.group(2)}, {test.group(3)})"
    lambda_ = re.search(r"(\w+) ?= ?\[", tidy)
    if lambda_:
        return lambda_.group(1)
    named = re.search(r"([\w:~]+|operator[^\w\s(]+|operator ?\(\)) ?\(", tidy)
    return named.group(1) if named else tidy[:40]
