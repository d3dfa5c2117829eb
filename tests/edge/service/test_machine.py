"""Heat, throttling and battery as the kernel tells them."""

from __future__ import annotations

from pathlib import Path

from edge.service.machine import THROTTLED_FILES, Machine, read_machine


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def zone(number: int, kind: str, millidegrees: str) -> dict[str, str]:
    folder = f"sys/class/thermal/thermal_zone{number}"
    return {f"{folder}/type": f"{kind}\n", f"{folder}/temp": f"{millidegrees}\n"}


def test_a_machine_that_tells_nothing_is_unknown(tmp_path: Path) -> None:
    assert read_machine(tmp_path) == Machine()


def test_the_processors_zone_counts(tmp_path: Path) -> None:
    put(tmp_path, {**zone(0, "acpitz", "99000"), **zone(1, "x86_pkg_temp", "61500")})
    assert read_machine(tmp_path).celsius == 61.5


def test_else_the_hottest_that_can_be_believed(tmp_path: Path) -> None:
    put(
        tmp_path,
        {**zone(0, "a", "-273200"), **zone(1, "b", "40000"), **zone(2, "c", "oops"), **zone(3, "d", "0")},
    )
    assert read_machine(tmp_path).celsius == 40.0


def test_the_word_of_a_raspberry_pi(tmp_path: Path) -> None:
    for word, weak, throttled in (("0\n", False, False), ("50005\n", True, True), ("50000\n", False, False)):
        put(tmp_path, {THROTTLED_FILES[0]: word})
        found = read_machine(tmp_path)
        assert (found.weak_power, found.throttled) == (weak, throttled)


def test_the_battery_of_a_mouse_is_not_ours(tmp_path: Path) -> None:
    supplies = "sys/class/power_supply"
    mouse = {f"{supplies}/a/type": "Battery", f"{supplies}/a/scope": "Device", f"{supplies}/a/capacity": "5"}
    own = {
        f"{supplies}/b/type": "Battery\n",
        f"{supplies}/b/capacity": "80\n",
        f"{supplies}/b/status": "Discharging\n",
    }
    put(tmp_path, {**mouse, f"{supplies}/ac/type": "Mains"})
    assert read_machine(tmp_path).battery_percent is None
    put(tmp_path, own)
    found = read_machine(tmp_path)
    assert (found.battery_percent, found.charging) == (80, False)


def test_this_process_is_measured() -> None:
    found = read_machine()
    assert found.memory_mb > 5
    assert found.threads >= 1
    assert found.files >= 3
