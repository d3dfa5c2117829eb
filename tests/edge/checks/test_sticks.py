"""A stick in all its states, and what the user is told to do about each."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from fake_machine import INTEL_FILE, INTEL_RULES, FakeMachine, user

from edge.checks import permission, plugin, stick, udev, usb_speed
from edge.checks.machine import SERVICE_NAME, SERVICE_UNIT, User
from edge.checks.usb import Sightings, sticks

ANN = user("ann")
ROOT = Path(__file__).parents[3]
UACCESS = 'SUBSYSTEM=="usb", ATTRS{idVendor}=="03e7", TAG+="uaccess"\n'


def test_no_stick(fake: FakeMachine) -> None:
    machine = fake.seen_by(ANN)
    assert sticks(machine) == []
    assert stick.check([], needed=False).state == "note"
    assert udev.check(machine, [], needed=False).state == "note"
    assert permission.check(machine, []).state == "note"
    assert usb_speed.check(machine, Sightings(machine)).state == "note"
    assert plugin.check(machine, wanted=False, folders=[]).state == "note"


def test_a_stick_that_the_settings_name_and_that_is_not_there(fake: FakeMachine) -> None:
    found = stick.check([], needed=True)
    assert found.state == "wrong"
    assert found.words.endswith("plug it in, or set model.device to auto")
    assert udev.check(fake.seen_by(ANN), [], needed=True).state == "wrong"


def test_a_machine_without_usb(tmp_path: Path) -> None:
    fake = FakeMachine(tmp_path / "bare")
    machine = fake.seen_by(ANN)
    for name in ("sys", "dev"):
        (fake.root / name).rename(fake.root / f"{name}.gone")
    assert sticks(machine) == []


def test_a_stick_that_waits(fake: FakeMachine) -> None:
    node = fake.plug("1-1.2", device=7)
    (found,) = sticks(fake.seen_by(ANN))
    assert (found.port, found.state, found.mbps, found.node) == ("1-1.2", "waiting", 480.0, node)
    assert "waiting at socket 1-1.2 (03e7:2485)" in stick.check([found], needed=True).sentence
    # It answers at USB 2 speed in any socket, so nothing is held against the socket.
    speed = usb_speed.check(fake.seen_by(ANN), Sightings(fake.seen_by(ANN)))
    assert speed.state == "note"
    assert speed.fix == "run facecue doctor --device MYRIAD"


def test_a_stick_that_runs_on_usb_3(fake: FakeMachine) -> None:
    fake.plug("2-1", "f63b", "5000")
    machine = fake.seen_by(ANN)
    seen = Sightings(machine)
    (found,) = seen.look()
    assert found.state == "running"
    assert stick.check([found], needed=False).state == "right"
    speed = usb_speed.check(machine, seen)
    assert speed.state == "right"
    assert "USB 3 speed (5000 Mbit/s)" in speed.sentence


def test_a_stick_that_runs_on_usb_2(fake: FakeMachine) -> None:
    fake.plug("1-1", "f63b", "480")
    machine = fake.seen_by(ANN)
    seen = Sightings(machine)
    seen.look()
    speed = usb_speed.check(machine, seen)
    assert speed.state == "note"
    assert "USB 2 speed (480 Mbit/s)" in speed.sentence
    assert "USB 3 socket" in speed.fix


def test_usb_2_is_no_reproach_where_there_is_nothing_faster(tmp_path: Path) -> None:
    fake = FakeMachine(tmp_path / "old")
    (fake.root / "sys/bus/usb/devices/usb2/speed").write_text("480\n")
    fake.plug("1-1", "f63b", "480")
    machine = fake.seen_by(ANN)
    seen = Sightings(machine)
    seen.look()
    speed = usb_speed.check(machine, seen)
    assert (speed.state, speed.fix) == ("note", "")
    assert speed.sentence.endswith("this machine has nothing faster")


def test_a_stick_slower_than_usb_2_is_wrong(fake: FakeMachine) -> None:
    fake.plug("1-1", "f63b", "12")
    machine = fake.seen_by(ANN)
    seen = Sightings(machine)
    seen.look()
    speed = usb_speed.check(machine, seen)
    assert speed.state == "wrong"
    assert "USB 1 speed (12 Mbit/s)" in speed.sentence


def test_a_speed_the_kernel_does_not_tell(fake: FakeMachine) -> None:
    fake.plug("1-1", "f63b", "unknown")
    machine = fake.seen_by(ANN)
    seen = Sightings(machine)
    seen.look()
    assert "the kernel does not tell" in usb_speed.check(machine, seen).sentence


def test_a_stick_that_ran_only_while_the_net_was_tried_has_a_speed_all_the_same(fake: FakeMachine) -> None:
    machine = fake.seen_by(ANN)
    seen = Sightings(machine)
    fake.plug("1-1")
    seen.look()
    fake.unplug("1-1")
    assert seen.look() == []
    fake.plug("2-1", "f63b", "5000", device=6)
    seen.look()
    fake.unplug("2-1")
    fake.plug("1-1", device=7)
    assert [found.product for found in seen.look()] == ["2485"]
    assert usb_speed.check(machine, seen).state == "right"


def test_several_sticks(fake: FakeMachine) -> None:
    fake.plug("1-1", mode=0o666)
    fake.plug("1-2", device=6, mode=0o660)
    fake.plug("2-1", "f63b", "5000", device=4, mode=0o666)
    machine = fake.seen_by(ANN)
    found = sticks(machine)
    assert stick.check(found, needed=True).sentence.startswith(
        "3 sticks are plugged in: waiting at socket 1-1"
    )
    barred = permission.check(machine, found)
    assert barred.state == "wrong"
    assert "/dev/bus/usb/001/006" in barred.sentence and "001/005" not in barred.sentence


def test_a_stick_of_the_first_kind(fake: FakeMachine) -> None:
    fake.plug(product="2150")
    found = stick.check(sticks(fake.seen_by(ANN)), needed=True)
    assert found.state == "wrong"
    assert "first kind" in found.sentence
    assert found.fix == "plug in a Neural Compute Stick 2"


def test_another_device_is_no_stick(fake: FakeMachine) -> None:
    fake.plug(vendor="046d", product="2485")
    assert sticks(fake.seen_by(ANN)) == []


def test_a_device_that_leaves_while_it_is_looked_at(fake: FakeMachine) -> None:
    fake.plug("1-1")
    (fake.root / "sys/bus/usb/devices/1-1/idProduct").unlink()
    fake.plug("1-2", device=6)
    (fake.root / "sys/bus/usb/devices/1-2/idVendor").write_bytes(b"\xff\xfe\n")
    assert sticks(fake.seen_by(ANN)) == []


def test_no_rule(fake: FakeMachine) -> None:
    fake.plug()
    machine = fake.seen_by(ANN)
    found = udev.check(machine, sticks(machine), needed=False)
    assert found.state == "wrong"
    assert "no udev rule for 03e7:2485 and 03e7:f63b" in found.sentence
    assert "doctor --udev-rule | sudo tee /etc/udev/rules.d/70-facecue-stick.rules" in found.fix
    assert found.spoken == "no permission for the stick"


def test_the_rule_that_is_offered_mends_it_for_the_user_and_for_the_service(fake: FakeMachine) -> None:
    fake.plug()
    fake.write(udev.OWN_FILE.lstrip("/"), udev.OWN_RULES)
    machine = fake.seen_by(ANN)
    found = udev.check(machine, sticks(machine), needed=True)
    assert found.state == "right"
    assert found.sentence.startswith(f"{udev.OWN_FILE} lets ann use a stick")
    fake.write(SERVICE_UNIT.lstrip("/"), "[Service]\n")
    service = fake.seen_by(user("root", name="root", uid=0))
    assert service.user.name == SERVICE_NAME
    assert udev.check(service, sticks(service), needed=True).state == "right"


def test_a_rule_for_the_waiting_stick_only(fake: FakeMachine) -> None:
    """Its id changes while it boots: the classic half-made rule."""
    fake.write(INTEL_FILE, INTEL_RULES.splitlines()[1] + "\n")
    fake.plug()
    machine = fake.seen_by(user("users"))
    found = udev.check(machine, sticks(machine), needed=False)
    assert found.state == "wrong"
    assert "no udev rule for 03e7:f63b (its id while it runs)" in found.sentence


def test_intels_rule_and_a_user_in_its_group(fake: FakeMachine) -> None:
    fake.write(INTEL_FILE, INTEL_RULES)
    machine = fake.seen_by(user("ann", "users"))
    found = udev.check(machine, [], needed=False)
    assert found.state == "right"
    assert found.sentence.startswith("/etc/udev/rules.d/97-myriad-usbboot.rules lets ann")


def test_intels_rule_and_a_user_outside_its_group(fake: FakeMachine) -> None:
    fake.write(INTEL_FILE, INTEL_RULES)
    machine = fake.seen_by(ANN)
    found = udev.check(machine, [], needed=True)
    assert found.state == "wrong"
    assert "to the group users, in which ann is not" in found.sentence
    assert found.fix == "sudo usermod -aG users ann, then log out and in again"


def test_a_user_who_joined_the_group_since_the_last_login(fake: FakeMachine) -> None:
    fake.write(INTEL_FILE, INTEL_RULES)
    fake.write("etc/group", "root:x:0:\nusers:x:100:bob,ann\n")
    found = udev.check(fake.seen_by(ANN), [], needed=True)
    assert found.fix.endswith("log out and in again") and "usermod" not in found.fix


def test_a_rule_for_a_group_that_is_not_there(fake: FakeMachine) -> None:
    fake.write(INTEL_FILE, INTEL_RULES.replace("users", "movidius"))
    found = udev.check(fake.seen_by(ANN), [], needed=True)
    assert found.fix.startswith("sudo groupadd --system movidius && sudo usermod -aG movidius ann")


def test_intels_rule_does_not_let_the_service_in(fake: FakeMachine) -> None:
    fake.write(INTEL_FILE, INTEL_RULES)
    fake.write(SERVICE_UNIT.lstrip("/"), "[Service]\n")
    found = udev.check(fake.seen_by(user("root", name="root", uid=0)), [], needed=True)
    assert found.state == "wrong"
    assert "in which the service facecue is not" in found.sentence
    assert "usermod" not in found.fix and "--udev-rule" in found.fix


def test_a_rule_without_a_permission(fake: FakeMachine) -> None:
    fake.write(INTEL_FILE, INTEL_RULES.replace("0660", "0600"))
    found = udev.check(fake.seen_by(user("users")), [], needed=True)
    assert found.state == "wrong"
    assert "gives ann no permission (mode 0600, users)" in found.sentence


@pytest.mark.parametrize(("file", "state"), [("70-stick.rules", "right"), ("99-stick.rules", "wrong")])
def test_uaccess_in_an_early_and_in_a_late_file(fake: FakeMachine, file: str, state: str) -> None:
    fake.write(f"etc/udev/rules.d/{file}", UACCESS)
    found = udev.check(fake.seen_by(ANN), [], needed=True)
    assert found.state == state
    if state == "wrong":
        assert "73-seat-late.rules" in found.sentence
        assert found.fix.startswith(
            "sudo mv /etc/udev/rules.d/99-stick.rules /etc/udev/rules.d/70-stick.rules"
        )


@pytest.mark.parametrize(("mode", "state"), [(0o666, "right"), (0o664, "wrong"), (0o600, "wrong")])
def test_the_device_file_of_a_stranger(fake: FakeMachine, mode: int, state: str) -> None:
    fake.plug(mode=mode)
    stranger = User("ann", 54321, frozenset({54321}))
    machine = fake.seen_by(stranger)
    found = permission.check(machine, sticks(machine))
    assert found.state == state
    assert "/dev/bus/usb/001/005" in found.sentence


@pytest.mark.parametrize(("mode", "state"), [(0o660, "right"), (0o640, "wrong")])
def test_the_device_file_of_a_group(fake: FakeMachine, mode: int, state: str) -> None:
    node = fake.plug(mode=mode)
    machine = fake.seen_by(User("ann", 54321, frozenset({node.stat().st_gid})))
    assert permission.check(machine, sticks(machine)).state == state


def test_the_kernel_itself_is_asked_for_who_runs_this() -> None:
    """As somebody else, where that can be tried: root may open everything."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from edge.checks.machine import Machine\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "user = Machine().user\n"
        "print(user.uid, user.may_use(Path(sys.argv[1])))\n"
    )
    with tempfile.NamedTemporaryFile() as node:  # where everybody may look, unlike tmp_path
        for mode, usable in ((0o600, False), (0o666, True)):
            Path(node.name).chmod(mode)
            command = [sys.executable, "-c", script, node.name]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            assert done.stdout == f"65534 {usable}\n", done.stderr


def test_a_stick_without_a_device_file(fake: FakeMachine) -> None:
    fake.plug().unlink()
    machine = fake.seen_by(ANN)
    found = permission.check(machine, sticks(machine))
    assert found.state == "wrong"
    assert "there is no /dev/bus/usb/001/005" in found.sentence


def libraries(fake: FakeMachine, *names: str) -> list[Path]:
    folder = fake.root / "site-packages/openvino/libs"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return [folder]


def test_a_runtime_without_the_plugin(fake: FakeMachine) -> None:
    found = plugin.check(fake.seen_by(ANN), True, libraries(fake, "libopenvino_intel_cpu_plugin.so"))
    assert found.state == "wrong"
    assert "no plugin for a stick" in found.sentence
    if platform.machine() == "x86_64":
        assert "openvino==2021.4.2" in found.fix


@pytest.mark.parametrize("name", plugin.PLUGINS)
def test_a_plugin_without_its_firmware_then_without_libusb_then_whole(fake: FakeMachine, name: str) -> None:
    machine = fake.seen_by(ANN)
    folders = libraries(fake, name)
    found = plugin.check(machine, True, folders)
    assert found.state == "wrong" and "usb-ma2x8x.mvcmd is not beside it" in found.sentence
    (folders[0] / "usb-ma2x8x.mvcmd").touch()
    found = plugin.check(machine, True, folders)
    assert (found.state, found.fix) == ("wrong", "sudo apt-get install libusb-1.0-0")
    fake.write("usr/lib/aarch64-linux-gnu/libusb-1.0.so.0", "")
    assert plugin.check(machine, True, folders).state == "right"


def test_the_plugin_is_looked_for_where_python_would_import_openvino(
    fake: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = libraries(fake, *plugin.PLUGINS)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('not to be imported')\n")
    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    monkeypatch.syspath_prepend(str(folder.parents[1]))
    assert plugin.library_folders()[:2] == [folder, folder.parent]


def test_the_plugin_of_an_archive_of_intels(fake: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fake.root / "opt/intel/openvino_2022/runtime/lib/intel64"
    folder.mkdir(parents=True)
    monkeypatch.setenv("INTEL_OPENVINO_DIR", str(fake.root / "opt/intel/openvino_2022"))
    assert folder in plugin.library_folders()
