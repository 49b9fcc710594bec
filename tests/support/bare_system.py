"""A bare Debian in a folder, with our package in it, and a way to boot it.

Needs root, mmdebstrap and systemd-nspawn. The root without our package, but with all that it depends on, is made once
from this machine's mirrors (two minutes) and kept in build/package/.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import harness

CACHE = harness.ROOT / "build/package"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def package():
    """The newest package that ./dev package built, or a skip."""
    given = os.environ.get("RETAIND_DEB")
    found = (
        [pathlib.Path(given)] if given else sorted(CACHE.glob("retaind_*.deb"), key=lambda deb: deb.stat().st_mtime)
    )
    if not found:
        harness.skip("no package in build/package: ./dev package builds one")
    return found[-1]


def skip_unless_possible(*programs):
    if os.geteuid() != 0:
        harness.skip("only root can make a root")
    for program in ("mmdebstrap", *programs):
        if not shutil.which(program):
            harness.skip(f"{program} is not installed")


def field(deb, name):
    return subprocess.run(["dpkg-deb", "-f", deb, name], check=True, capture_output=True, text=True).stdout.strip()


def mirrors():
    """Lines of sources.list for what this machine itself installs from."""
    codename = re.search(r"^VERSION_CODENAME=(.*)$", pathlib.Path("/etc/os-release").read_text(), re.M)[1]
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    wanted = {line for line in listed if re.fullmatch(rf"\S+ {codename}\S* main", line)}
    return codename, "".join(f"deb {line}\n" for line in sorted(wanted))


def base(deb):
    """An archive of a root that has all that the package needs, and no more but systemd."""
    needed = [re.split(r"[ (:|]", part.strip())[0] for part in field(deb, "Depends").split(",")]
    include = ",".join(sorted({*needed, "dbus", "libnss-systemd", "systemd", "systemd-sysv"}))
    codename, lines = mirrors()
    name = hashlib.sha256((codename + include).encode()).hexdigest()[:12]
    archive = CACHE / f"{codename}-{name}.tar"
    if archive.exists():
        return archive
    CACHE.mkdir(parents=True, exist_ok=True)
    with harness.folder() as place:
        (place / "mirrors.list").write_text(lines)
        proxy = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
        (place / "proxy").write_text("".join(re.findall(r"^Acquire::https?::.*\n", proxy, re.M)))
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={include}", f"--aptopt={place}/proxy"]
        half = archive.with_suffix(".half.tar")
        made = subprocess.run([*command, codename, half, place / "mirrors.list"], capture_output=True, text=True)
        if made.returncode != 0:
            harness.skip("no bare Debian can be made here: " + made.stderr.strip().split("\n")[-1])
        half.rename(archive)
    return archive


@contextlib.contextmanager
def root(deb):
    """A fresh root without our package."""
    archive = base(deb)
    place = pathlib.Path(tempfile.mkdtemp(prefix="retaind-root-", dir="/var/tmp"))
    try:
        place.chmod(0o755)
        subprocess.run(["tar", "-C", place, "-xf", archive, "--exclude=./dev/*"], check=True)
        yield place
    finally:
        shutil.rmtree(place)


def inside(root, *command, check=True):
    """Runs a command in a root that is not booted."""
    command = ["chroot", str(root), *map(str, command)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
    assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def copy_in(root, deb):
    shutil.copy(deb, root / "root")
    return f"/root/{pathlib.Path(deb).name}"


def with_version(deb, version, place, change=lambda tree: None):
    """The same package under another version, after `change` of its unpacked tree."""
    tree = pathlib.Path(place) / f"package-{version}"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.M))
    change(tree)
    made = pathlib.Path(place) / f"retaind_{version}.deb"
    subprocess.run(["dpkg-deb", "-Znone", "-b", tree, made], check=True, capture_output=True)
    shutil.rmtree(tree)
    return made


class System:
    """A root that is booted. Commands enter its namespaces from outside."""

    def __init__(self, root):
        self.root = root
        self.log = open(root.parent / f"{root.name}.boot.log", "w+")
        command = ["systemd-nspawn", "--quiet", "-D", root, "-b", "--private-network", "--register=no", "--keep-unit"]
        command += ["--console=pipe", "--kill-signal=SIGRTMIN+4"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self.init = harness.wait_until(self._find_init, 20, what="the first process of the booted root")
        harness.wait_until(self._is_up, 60, 0.1, "the boot")

    def text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def _find_init(self):
        if self.process.poll() is not None:
            harness.skip("systemd does not boot here: " + self.text()[-300:])
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                name, rest = stat.read_text().split("(", 1)[1].rsplit(")", 1)
                if name == "systemd" and int(rest.split()[1]) == self.process.pid:
                    return int(stat.parent.name)
        return None

    def _is_up(self):
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def run(self, *command, check=True):
        command = ["nsenter", "--target", str(self.init), "--all", "--", *map(str, command)]
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        assert not check or done.returncode == 0, f"{command[5:]}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def show(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def journal(self, *matches):
        """Entries as dictionaries."""
        lines = self.run("journalctl", "-o", "json", "--no-pager", "-q", *matches, check=False).stdout
        return [json.loads(line) for line in lines.splitlines()]

    def get(self, path, port=9848):
        """(status, body) of a page that the system serves on its own loopback."""
        code = "import sys, urllib.request, urllib.error\n"
        code += "try: reply = urllib.request.urlopen(sys.argv[1], timeout=5)\n"
        code += "except urllib.error.HTTPError as error: reply = error\n"
        code += "except OSError: sys.exit('0')\n"
        code += "print(reply.status); print(reply.read().decode())"
        command = ["nsenter", "--target", str(self.init), "--net", "--", "/usr/bin/python3", "-c", code]
        done = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True)
        status, _, body = done.stdout.partition("\n")
        return int(status or 0), body

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.run("systemctl", "poweroff", check=False)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.kill(self.init, signal.SIGKILL)
            self.process.wait(30)
        self.log.close()
        os.unlink(self.log.name)
