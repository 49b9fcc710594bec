#!/usr/bin/env python3
"""Writes a man page from what is documented anyway: man_page.py SOURCE OUTPUT

SOURCE is Markdown with the headings of a man page (*.md of this folder), another guide in Markdown, or retaind.toml
with its comments. OUTPUT names page and section: retaind-rules.5. Needs lowdown.
"""
import pathlib
import re
import subprocess
import sys

ABOUT = {
    "retaind.toml": (
        "configuration of retaind",
        "retaind(1) reads /etc/retaind/retaind.toml. What follows is that file as it is shipped: every key there is, "
        "and what it means.",
    ),
    "retaind-rules": ("how retaind judges customers", ""),
}


def head(name):
    short, text = ABOUT[name]
    return f"# NAME\n\n{name} - {short}\n\n# DESCRIPTION\n\n{text}\n\n"


def from_guide(name, text):
    """Its title gives way to the usual head, and all headings come one level up."""
    text = re.sub(r"\A# .*\n", "", text)
    return head(name) + re.sub(r"^#(#+ )", r"\1", text, flags=re.M)


def from_sample(name, text):
    """Comments become text, the lines below them stay as they are."""
    parts, code = [head(name)], []

    def end_code():
        while code and not code[-1]:
            code.pop()
        if code:
            parts.append("```\n" + "\n".join(code) + "\n```\n\n")
        code.clear()

    for line in text.splitlines():
        title = re.fullmatch(r"# ---- (.*?) -+", line)
        if title or line.startswith("# ") or line == "#":
            end_code()
            parts.append(f"\n# {title[1].upper()}\n\n" if title else escaped(line[2:]) + "\n")
        else:
            if not code:
                parts.append("\n")
            if line or code:
                code.append(line)
    end_code()
    return "".join(parts)


def escaped(text):
    """Outside of `code`, what Markdown would read as markup."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(
        piece if piece.startswith("`") else re.sub(r"([\\*_<>$#\[\]{}])", r"\\\1", piece) for piece in pieces
    )


def markdown(source, name):
    text = source.read_text()
    if source.suffix == ".toml":
        return from_sample(name, text)
    return text if text.startswith("# NAME") else from_guide(name, text)


def main():
    source, output = map(pathlib.Path, sys.argv[1:])
    name, section = output.name.rsplit(".", 1)
    command = [
        "lowdown",
        "-s",
        "-Tman",
        "--nroff-nolinks",
        "--out-no-smarty",
        "-m",
        f"title={name}",
        "-m",
        f"section={section}",
    ]
    command += ["-m", "volume=retaind", "-m", "date="]
    done = subprocess.run(command, input=markdown(source, name), capture_output=True, text=True, check=True)
    # Literals are bold in man pages; the font that lowdown asks for exists on paper only.
    output.write_text(done.stdout.replace("\\fC", "\\fB"))


if __name__ == "__main__":
    main()
