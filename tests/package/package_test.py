"""The Debian package in a bare Debian: installed, upgraded, removed, purged; nothing else comes or stays."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import bare_system
import harness

CONFIGURATION = "etc/retaind/retaind.toml"


def test_versions_agree(deb, root, place):
    wanted = (harness.ROOT / "CMakeLists.txt").read_text().partition("project(retaind VERSION ")[2].split()[0]
    assert bare_system.field(deb, "Version") == wanted
    return wanted


def test_its_scripts_and_files_please_lintian(deb, root, place):
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning", deb], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip() or "nothing to say"


def test_install(deb, root, place):
    bare_system.inside(root, "dpkg", "-i", bare_system.copy_in(root, deb))
    said = bare_system.inside(root, "retaind", "--version").stdout
    assert bare_system.field(deb, "Version") in said, said
    checked = bare_system.inside(root, "retaind", "check")
    assert "0 warnings" not in checked.stdout and "rules" in checked.stdout, checked
    enabled = bare_system.inside(root, "systemctl", "is-enabled", "retaind.service", check=False)
    assert enabled.stdout.strip() == "disabled", enabled
    secrets = (root / "etc/retaind/secrets").stat()
    assert secrets.st_mode & 0o777 == 0o700 and secrets.st_uid == 0, secrets
    for page in ("man1/retaind.1.gz", "man5/retaind.toml.5.gz", "man5/retaind-rules.5.gz"):
        # A bare Debian leaves out manuals (dpkg's path-exclude), so look into the package.
        listed = subprocess.run(["dpkg-deb", "-c", deb], capture_output=True, text=True, check=True).stdout
        assert f"./usr/share/man/{page}\n" in listed, page
    linked = bare_system.inside(root, "sh", "-c", "command -v ldd && ldd /usr/bin/retaind").stdout
    assert "not found" not in linked, linked
    return said.strip()


def test_the_units_are_well_formed(deb, root, place):
    units = ["retaind.service", "retaind@west.service", "retaind-once.service", "retaind-once.timer"]
    done = bare_system.inside(root, "systemd-analyze", "verify", "--man=no", *units, check=False)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "retaind" in line]
    assert done.returncode == 0 and not ours, done
    return f"{len(units)} units"


def test_upgrade_keeps_what_was_changed(deb, root, place):
    """And takes over what was not."""
    configuration = root / CONFIGURATION
    rules = root / "etc/retaind/rules.toml"
    configuration.write_text(configuration.read_text() + "# ours\n")
    state = root / "var/lib/private/retaind"
    state.mkdir(parents=True)
    (state / "state.db").write_text("state")

    def change(tree):
        path = tree / "etc/retaind/rules.toml"
        path.write_text(path.read_text() + "# theirs\n")

    newer = bare_system.with_version(deb, "99", place, change)
    bare_system.inside(root, "dpkg", "-i", bare_system.copy_in(root, newer))
    assert bare_system.inside(root, "dpkg-query", "-W", "-f=${Version}", "retaind").stdout == "99"
    assert configuration.read_text().endswith("# ours\n") and rules.read_text().endswith("# theirs\n")
    assert not list((root / "etc/retaind").glob("*.dpkg-*"))
    return "ours kept, theirs taken over"


def test_remove_and_purge(deb, root, place):
    bare_system.inside(root, "dpkg", "-r", "retaind")
    assert not (root / "usr/bin/retaind").exists()
    assert (root / CONFIGURATION).read_text().endswith("# ours\n")
    assert (root / "var/lib/private/retaind/state.db").exists()
    bare_system.inside(root, "dpkg", "-P", "retaind")
    left = [path for top in ("etc", "usr", "var/lib") for path in (root / top).rglob("*retaind*")]
    left = [path for path in left if "dpkg" not in path.parts]
    assert not left, left
    return "configuration and state after remove, nothing after purge"


def main():
    bare_system.skip_unless_possible("lintian")
    deb = bare_system.package()
    with bare_system.root(deb) as root, harness.folder() as place:
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                print(f"{name[5:].replace('_', ' ')}: {test(deb, root, place)}", flush=True)


main()
