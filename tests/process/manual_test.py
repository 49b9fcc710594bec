"""The manual and the completion know exactly the verbs and options that --help knows, and every key that is read."""

import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

MAN_PAGE = harness.ROOT / "docs/man/man_page.py"
COMPLETION = harness.ROOT / "etc/completion/retaind"
EVERYWHERE = {"--help", "--config", "--state-directory", "--rules-directory", "--json"}


def verbs_of(text):
    below = text.partition("\nSubcommands:\n")[2]
    return re.findall(r"^  ([a-z][a-z-]+)  ", below, re.M)


def help_of(*verb):
    done = harness.retaind(*verb, "--help")
    assert done.returncode == 0, done
    return done.stdout


def known():
    """Options by verb, ("alerts", "ack") and the like, as --help names them."""
    found = {}
    verbs = [(verb,) for verb in verbs_of(help_of())]
    verbs += [("alerts", verb) for verb in verbs_of(help_of("alerts"))]
    for verb in verbs:
        found[verb] = set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", help_of(*verb), re.M))
    assert len(found) > 15 and "--wrong" in found["alerts", "ack"], found
    return found


def test_the_manual_names_every_verb_and_option(place):
    text = (harness.ROOT / "docs/man/retaind.1.md").read_text()
    section = re.search(r"^# VERBS\n(.*?)^# ", text, re.M | re.S)[1]
    entries = re.split(r"\n(?=`)", section)
    described = {}
    for entry in filter(str.strip, entries):
        verb = re.match(r"`([a-z -]+)`", entry.strip())
        assert verb, entry
        described[tuple(verb[1].split())] = set(re.findall(r"`(--[a-z-]+)`", entry))
    options = known()
    assert set(described) == set(options), set(described) ^ set(options)
    common = set(re.findall(r"`(--[a-z-]+)`", re.search(r"^# OPTIONS\n(.*?)^# ", text, re.M | re.S)[1]))
    assert common == EVERYWHERE | {"--version"}, common
    for verb, named in options.items():
        assert described[verb] == named - EVERYWHERE, (verb, described[verb] ^ (named - EVERYWHERE))
        by_themselves = {("alerts",), ("demo",), ("test-rules",)}
        assert verb in by_themselves or EVERYWHERE <= named, (verb, EVERYWHERE - named)
    assert "--json" in options["demo",] and {"--json", "--rules-directory"} <= options["test-rules",]
    return f"{len(options)} verbs"


def made(place, source, page):
    subprocess.run([sys.executable, MAN_PAGE, harness.ROOT / source, place / page], check=True)
    shown = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", place / page], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    return subprocess.run(["col", "-b"], input=shown.stdout, capture_output=True, text=True, check=True).stdout


def test_pages_are_made_from_what_is_documented(place):
    pages = {
        page: made(place, source, page)
        for source, page in (
            ("docs/man/retaind.1.md", "retaind.1"),
            ("etc/retaind.toml", "retaind.toml.5"),
            ("docs/rules.md", "retaind-rules.5"),
        )
    }
    for page, text in pages.items():
        name = page.rsplit(".", 1)[0]
        assert re.search(rf"^NAME\n +{re.escape(name)} - \w", text, re.M), text[:500]
    # That the sample names every key that the reader takes is tested where the reader is (EveryKey).
    lines = {" ".join(line.split()) for line in pages["retaind.toml.5"].splitlines()}
    keys = [
        line
        for line in (harness.ROOT / "etc/retaind.toml").read_text().splitlines()
        if line and not line.startswith("# ") and line != "#"
    ]
    missing = [line for line in keys if " ".join(line.split()) not in lines]
    assert len(keys) > 100 and not missing, missing
    headings = re.findall(r"^##+ (.*)$", (harness.ROOT / "docs/rules.md").read_text(), re.M)
    missing = [
        h for h in headings if " ".join(h.replace("`", "").split()) not in " ".join(pages["retaind-rules.5"].split())
    ]
    assert not missing, missing
    return f"{len(keys)} lines of the configuration, {len(headings)} headings of the rules"


def completed(line, place):
    """What is offered at the end of a command line."""
    script = f"""
        source {COMPLETION}
        COMP_WORDS=({' '.join(f"'{word}'" for word in line.split(' '))})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _retaind
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = f"{pathlib.Path(harness.BINARY).parent}:/usr/bin:/bin"
    done = subprocess.run(["bash", "-uc", script], capture_output=True, text=True, env={"PATH": path}, cwd=place)
    assert done.returncode == 0 and not done.stderr, (line, done)
    return set(done.stdout.split())


def test_completion_offers_what_there_is(place):
    (place / "mine.toml").touch()
    (place / "below").mkdir()
    options = known()
    top = {verb[0] for verb in options}
    assert completed("retaind ", place) == top
    assert completed("retaind --v", place) == {"--version"}
    assert completed("retaind alerts ", place) == {verb[1] for verb in options if len(verb) == 2}
    for verb, named in options.items():
        assert completed(f"retaind {' '.join(verb)} -", place) == named, verb
    assert completed("retaind alerts list --rule x --", place) == options["alerts", "list"]
    for line, offered in {
        "retaind ch": {"check"},
        "retaind alerts list --severity ": {"info", "warning", "critical"},
        "retaind run --config m": {"mine.toml"},
        "retaind run -c m": {"mine.toml"},
        "retaind once --state-directory ": {"below"},
        "retaind test-rules m": {"mine.toml"},
        "retaind once --as-of ": set(),
    }.items():
        assert completed(line, place) == offered, (line, completed(line, place))
    return f"{len(options)} verbs, files, words"


def main():
    for program in ("lowdown", "man", "col"):
        if not shutil.which(program):
            harness.skip(f"{program} is not installed")
    for name, test in list(globals().items()):
        if name.startswith("test_") and (len(sys.argv) < 2 or sys.argv[1] in name):
            with harness.folder() as place:
                print(f"{name[5:].replace('_', ' ')}: {test(place)}", flush=True)


main()
