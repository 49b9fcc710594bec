"""The units of systemd: instance and single run are hardened as the daemon is, and all are exposed little."""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = ROOT / "systemd"
MOST_EXPOSED = 12  # tenths, of systemd-analyze security
OF_DAEMONS = {"Type", "ExecStart", "ExecReload", "WatchdogSec", "Restart", "RestartSec", "RestartPreventExitStatus"}
OF_DAEMONS |= {"TimeoutStartSec", "TimeoutStopSec"}


def service(name):
    """The lines of [Service] that say something."""
    text = (UNITS / name).read_text()
    section = re.search(r"^\[Service\]\n(.*?)(?=^\[|\Z)", text, re.M | re.S)[1]
    return [line for line in section.splitlines() if line and not line.startswith("#")]


def test_an_instance_is_the_daemon_under_its_own_name():
    wanted = [
        line.replace("/etc/retaind/", "/etc/retaind/%i/")
        .replace("User=retaind", "User=retaind-%i")
        .replace("StateDirectory=retaind", "StateDirectory=retaind-%i")
        for line in service("retaind.service")
    ]
    assert service("retaind@.service") == wanted


def test_a_single_run_may_do_no_more_than_the_daemon():
    wanted = [line for line in service("retaind.service") if line.split("=")[0] not in OF_DAEMONS]
    alone = {"Type", "ExecStart", "StandardOutput", "TimeoutStartSec"}
    found = [line for line in service("retaind-once.service") if line.split("=")[0] not in alone]
    assert found == wanted


def test_exposure():
    for unit in sorted(UNITS.glob("*.service")):
        command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{unit.name}: {done.stdout[-200:]}{done.stderr}"


def main():
    if not shutil.which("systemd-analyze"):
        print("SKIPPED: systemd-analyze is not installed")
        return 77
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            print(f"{name}: {test() or 'ok'}")


if __name__ == "__main__":
    sys.exit(main())
