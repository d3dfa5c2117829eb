"""What the street does to the service, as one table: python3 street.py ROOT.tar PACKAGE.deb

Boots the Debian of ROOT.tar under systemd-nspawn, installs the package, and does to the service what happens
to a device that is carried around. For each fault: how long until it works again, and what was said
meanwhile. Needs root. Exit status 1 where something did not recover. scripts/street calls it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

PATIENCE_SECONDS = 90.0
READY_SECONDS = 20.0
STOP_SECONDS = 5.0
DROP_IN = "/etc/systemd/system/facecue.service.d/street.conf"
ASSETS = "/opt/facecue/lib/python3*/site-packages/edge/assets/clips"
QUIET_SOUND = "pcm.!default { type null }\nctl.!default { type null }\n"
CAMERA = "http://127.0.0.1:8090/video"
FROM_FACES = ("person", "cue", "no_face", "hint")
MOST_SHOWN = 90


@dataclass
class Machine:
    """A booted system in a folder. run() executes a shell script in it."""

    root: Path
    process: subprocess.Popen[bytes] = field(init=False)
    leader: str = field(init=False, default="")

    def boot(self) -> None:
        command = ["systemd-nspawn", "-q", "-D", str(self.root), "--boot", "--register=no", "--keep-unit"]
        self.process = subprocess.Popen(
            [*command, "--private-network"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        until(self._leader)
        until(lambda: self.run("systemctl is-system-running").strip() in ("running", "degraded"))

    def _leader(self) -> bool:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.leader = children[0] if children else ""
        return bool(self.leader)

    def run(self, script: str, check: bool = False) -> str:
        command = ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-C", "sh", "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if check and done.returncode:
            raise RuntimeError(f"{script}: {done.stderr.strip()}")
        return done.stdout

    def halt(self) -> None:
        self.run("systemctl --force --force poweroff")
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Result:
    fault: str
    expected: str
    seconds: float | None
    said: list[str]
    ok: bool


class Street:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.results: list[Result] = []
        self._cursor = ""

    def events(self) -> list[dict[str, object]]:
        """What was said since mark()."""
        after = f"--after-cursor='{self._cursor}'" if self._cursor else ""
        text = self.machine.run(f"journalctl -u facecue -o cat --no-pager {after}")
        return [json.loads(line) for line in text.splitlines() if line.startswith('{"t"')]

    def labels(self) -> list[str]:
        return [str(event["label"]) for event in self.events()]

    def mark(self) -> None:
        shown = self.machine.run("journalctl -n 0 --show-cursor -o cat --no-pager")
        self._cursor = shown.rpartition("-- cursor: ")[2].strip()

    def property(self, name: str) -> str:
        return self.machine.run(f"systemctl show facecue -p {name} --value").strip()

    def shell(self, script: str) -> Callable[[], object]:
        """Runs it in the machine when called."""
        return partial(self.machine.run, script)

    def pid(self) -> str:
        return self.property("MainPID")

    def active(self) -> bool:
        return self.property("ActiveState") == "active"

    def settings(self, **environment: str) -> None:
        """Start anew with these FACECUE_ variables, and wait until it works."""
        lines = "".join(f"Environment=FACECUE_{key}={value}\\n" for key, value in environment.items())
        command = "/opt/facecue/bin/facecue run --service --events -"
        self.machine.run(
            f"mkdir -p {DROP_IN.rpartition('/')[0]}; rm -f /var/lib/private/facecue/starts.json; "
            f"printf '[Service]\\nExecStart=\\nExecStart={command}\\n{lines}' >{DROP_IN}; "
            "systemctl daemon-reload; systemctl restart facecue",
        )
        until(self.active)

    def try_out(
        self,
        fault: str,
        expected: str,
        do: Callable[[], object],
        works_again: Callable[[], bool],
        most_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.mark()
        begin = time.monotonic()
        do()
        try:
            until(works_again)
            seconds: float | None = time.monotonic() - begin
        except TimeoutError:
            seconds = None
        time.sleep(1.0)
        said = [str(event["text"]) for event in self.events()]
        ok = seconds is not None and seconds <= most_seconds
        self.results.append(Result(fault, expected, seconds, said, ok))
        print(row(self.results[-1]), flush=True)  # noqa: T201


def until(condition: Callable[[], bool], patience_seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + patience_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.1)


def row(result: Result) -> str:
    took = "never" if result.seconds is None else f"{result.seconds:.1f} s"
    said = "; ".join(result.said)
    said = said if len(said) <= MOST_SHOWN else said[: MOST_SHOWN - 3] + "..."
    return f"| {result.fault} | {result.expected} | {took} | {said} | {'yes' if result.ok else 'NO'} |"


def walk(street: Street, clip: str) -> None:
    """Every fault, one after the other."""
    machine = street.machine
    on_clip = {"SOURCE__URI": clip, "SOURCE__REPEAT": "true"}
    street.try_out(
        "boot",
        "ready within 20 s",
        lambda: street.settings(**on_clip),
        lambda: "person_ahead" in street.labels(),
        READY_SECONDS,
    )

    def restarted(before: str) -> Callable[[], bool]:
        return lambda: street.active() and street.pid() not in ("0", before)

    for name, fault, expected, most in (
        ("KILL", "killed", "started again", 15.0),
        ("STOP", "the loop hangs (SIGSTOP)", "watchdog, started again", 40.0),
    ):
        before = street.pid()
        street.try_out(fault, expected, street.shell(f"kill -{name} {before}"), restarted(before), most)
    street.settings(**on_clip)
    until(lambda: "ready" in street.labels())
    for number in (1, 2):
        before = street.pid()
        machine.run(f"kill -KILL {before}")
        until(restarted(before))
        del number
    before = street.pid()
    street.try_out(
        "killed a third time",
        "safe mode, told",
        street.shell(f"kill -KILL {before}"),
        lambda: restarted(before)() and "safe_mode" in street.labels() and "person_ahead" in street.labels(),
    )
    street.settings(**on_clip)
    street.try_out(
        "switched off",
        "last words within 5 s",
        street.shell("systemctl stop facecue"),
        lambda: "stopped" in street.labels() and "shutting_down" in street.labels(),
        STOP_SECONDS,
    )
    street.try_out(
        "settings wrong",
        "safe mode, told",
        street.shell("echo '[cues]\\nenter = 7' >>/etc/facecue/facecue.toml; systemctl start facecue"),
        lambda: "settings_wrong" in street.labels() and "person_ahead" in street.labels(),
    )
    machine.run("sed -i '/^\\[cues\\]/,$d' /etc/facecue/facecue.toml")
    street.settings(**on_clip)
    until(lambda: "ready" in street.labels())
    before = street.pid()
    street.try_out(
        "settings changed, reload",
        "same process, told",
        street.shell(
            "printf '[cues]\\ncooldown_seconds = 9.0\\n' >>/etc/facecue/facecue.toml; "
            "systemctl reload facecue"
        ),
        lambda: "settings_changed" in street.labels() and street.pid() == before,
    )
    camera(street)
    broker(street, on_clip)
    disk(street, on_clip)
    packages(street, on_clip)


def camera(street: Street) -> None:
    """A camera in the network that stalls, freezes, dies and returns."""
    machine = street.machine

    def tell(word: str) -> Callable[[], object]:
        return lambda: machine.run(f"echo {word} >/run/camera", check=True)

    machine.run(
        "rm -f /run/camera; mkfifo /run/camera; systemd-run -q --unit=camera "
        "/opt/facecue/bin/python3 /root/camera/serve.py /run/camera 8090"
    )
    street.mark()
    street.settings(SOURCE__URI=CAMERA)
    until(lambda: "person_ahead" in street.labels())
    for word, fault in (("stall", "camera stalls"), ("freeze", "camera freezes"), ("die", "camera is gone")):
        street.try_out(fault, "told", tell(word), lambda: "camera_lost" in street.labels(), 12.0)
        street.try_out(
            "... and returns", "told", tell("start"), lambda: "camera_found" in street.labels(), 20.0
        )
    tell("die")()
    street.try_out(
        "started without a camera",
        "ready all the same, told",
        lambda: street.settings(SOURCE__URI=CAMERA),
        lambda: "camera_absent" in street.labels() and street.active(),
        READY_SECONDS,
    )
    street.try_out("... and it comes", "told", tell("start"), lambda: "person_ahead" in street.labels(), 30.0)
    machine.run("systemctl stop camera")


def broker(street: Street, on_clip: dict[str, str]) -> None:
    machine = street.machine
    if not machine.run("command -v mosquitto"):
        return
    machine.run("systemctl start mosquitto")
    street.settings(**on_clip, MQTT__HOST="127.0.0.1")
    until(lambda: "person_ahead" in street.labels())
    street.try_out(
        "broker gone",
        "told, goes on",
        street.shell("systemctl stop mosquitto"),
        lambda: "mqtt_lost" in street.labels(),
    )
    street.try_out(
        "... and returns",
        "told",
        street.shell("systemctl start mosquitto"),
        lambda: "mqtt_found" in street.labels(),
    )


def disk(street: Street, on_clip: dict[str, str]) -> None:
    """No room, or nothing that can be written at all, also when it starts."""
    machine = street.machine
    street.settings(**on_clip)
    before = street.pid()
    street.try_out(
        "disk full, killed",
        "started again",
        street.shell(
            "mount -t tmpfs -o size=64k tmpfs /var/lib/private/facecue; "
            "dd if=/dev/zero of=/var/lib/private/facecue/full bs=1k 2>/dev/null; "
            f"kill -KILL {before}"
        ),
        lambda: street.active() and street.pid() not in ("0", before) and "person_ahead" in street.labels(),
    )
    machine.run("systemctl stop facecue; umount /var/lib/private/facecue; systemctl start facecue")
    until(street.active)
    again = street.pid()
    street.try_out(
        "root read-only, killed",
        "started again",
        street.shell(f"mount -o remount,ro /; kill -KILL {again}"),
        lambda: street.active() and street.pid() not in ("0", again) and "person_ahead" in street.labels(),
    )
    machine.run("mount -o remount,rw /")


def packages(street: Street, on_clip: dict[str, str]) -> None:
    """Upgrade, back, and away; deploy/install.sh does it, without a network."""
    machine = street.machine
    street.settings(**on_clip)
    machine.run("echo '# mine' >>/etc/facecue/facecue.toml")

    def runs(version: str, before: str) -> Callable[[], bool]:
        installed = "dpkg-query -W -f '${Version} ${Status}' facecue"
        return lambda: (
            machine.run(installed).strip() == f"{version} install ok installed"
            and street.active()
            and street.pid() not in ("0", before)
            and "person_ahead" in street.labels()
            and "# mine" in machine.run("cat /etc/facecue/facecue.toml")
        )

    old = machine.run("dpkg-deb -f /root/facecue.deb Version").strip()
    machine.run(
        "cd /root && dpkg-deb -R facecue.deb next && "
        "sed -i 's/^Version: .*/Version: 99/' next/DEBIAN/control && "
        "echo '# another default' >>next/etc/facecue/facecue.toml && dpkg-deb -Znone -b next next.deb",
        check=True,
    )
    street.try_out(
        "upgrade", "settings kept", street.shell("/root/install.sh /root/next.deb"), runs("99", street.pid())
    )
    street.try_out(
        "back", "settings kept", street.shell("/root/install.sh --rollback"), runs(old, street.pid())
    )
    traces = "find / -xdev -path /proc -prune -o -path /root -prune -o -iname '*facecue*' -print"
    # The test's own, which nobody has installed; systemd's own records of a unit that ran.
    own = f"grep -v -e {DROP_IN.rpartition('/')[0]} -e ^/var/log/journal -e ^/run/systemd"
    street.try_out(
        "purged",
        "nothing left",
        street.shell("/root/install.sh --purge"),
        lambda: not street.active() and machine.run(f"{traces} 2>/dev/null | {own}") == "",
    )
    left = machine.run(f"{traces} 2>/dev/null | {own}")
    if left:
        print(left, file=sys.stderr)  # noqa: T201


def install(machine: Machine, package: Path) -> None:
    (machine.root / "root" / "facecue.deb").write_bytes(package.read_bytes())
    script = machine.root / "root" / "install.sh"
    script.write_bytes((Path(__file__).resolve().parents[2] / "deploy" / "install.sh").read_bytes())
    script.chmod(0o755)
    camera_folder = machine.root / "root" / "camera"
    camera_folder.mkdir(exist_ok=True)
    here = Path(__file__).resolve().parent
    for source in (here / "serve.py", here.parent / "edge" / "sources" / "mjpeg_server.py"):
        (camera_folder / source.name).write_bytes(source.read_bytes())
    (machine.root / "etc" / "asound.conf").write_text(QUIET_SOUND)
    machine.run("/root/install.sh /root/facecue.deb", check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tar", type=Path)
    parser.add_argument("package", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="street-") as folder:
        root = Path(folder) / "root"
        root.mkdir()
        subprocess.run(["tar", "-C", str(root), "-xf", str(args.tar)], check=True)
        machine = Machine(root)
        machine.boot()
        try:
            install(machine, args.package)
            street = Street(machine)
            clip = machine.run(f"ls {ASSETS}/single_face.mp4").strip()
            print("| fault | expected | time | said | ok |\n|---|---|---|---|---|", flush=True)  # noqa: T201
            walk(street, clip)
        finally:
            machine.halt()
    return 0 if all(result.ok for result in street.results) else 1


if __name__ == "__main__":
    sys.exit(main())
