"""What udev rules give a stick, read as udev reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_machine import INTEL_RULES, FakeMachine, user

from edge.checks.machine import Machine
from edge.checks.udev import OWN_RULES
from edge.checks.udev_rules import Grant, grant, parse, rules

STATES = ("2485", "f63b")
STICK = 'SUBSYSTEM=="usb", ATTRS{idVendor}=="03e7"'


def granted(text: str, product: str = "2485", file: str = "/etc/udev/rules.d/97-test.rules") -> Grant:
    return grant(list(parse(text, file)), product, "03e7")


@pytest.mark.parametrize("product", STATES)
def test_intels_rules_give_both_states_to_the_group_users(product: str) -> None:
    found = granted(INTEL_RULES, product)
    assert (found.mode, found.group, found.uaccess) == (0o660, "users", False)
    assert found.places == [f"/etc/udev/rules.d/97-test.rules, line {2 + STATES.index(product)}"]


@pytest.mark.parametrize("product", STATES)
def test_our_own_rules_give_both_states_to_the_service_and_to_whoever_is_logged_in(product: str) -> None:
    found = granted(OWN_RULES, product, "/etc/udev/rules.d/70-facecue-stick.rules")
    assert (found.mode, found.group, found.uaccess) == (0o660, "plugdev", True)


def test_another_device_gets_nothing_of_it() -> None:
    found = grant(list(parse(INTEL_RULES, "/x.rules")), "0002", "1d6b")
    assert (found.mode, found.group, found.places) == (0o664, "root", [])


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (f'{STICK}, MODE="0666"', 0o666),
        (f'  {STICK} ,MODE = "0666"  ', 0o666),
        (f'# {STICK}, MODE="0666"', 0o664),
        (f'{STICK}, \\\n  MODE="0666"', 0o666),
        ('SUBSYSTEM=="usb", ATTRS{idVendor}=="0403|03e7", MODE="0666"', 0o666),
        ('SUBSYSTEM=="usb", ATTRS{idVendor}=="03e?", MODE="0666"', 0o666),
        ('SUBSYSTEM=="usb", ATTRS{idVendor}=="03E7", MODE="0666"', 0o664),
        ('SUBSYSTEM=="usb", ATTRS{idVendor}==i"03E7", MODE="0666"', 0o666),
        ('SUBSYSTEM!="usb", ATTRS{idVendor}=="03e7", MODE="0666"', 0o664),
        ('SUBSYSTEM=="tty", ATTRS{idVendor}=="03e7", MODE="0666"', 0o664),
        (f'{STICK}, ATTRS{{idProduct}}!="2485", MODE="0666"', 0o664),
        (f'{STICK}, ENV{{DEVTYPE}}=="usb_device", MODE="0666"', 0o666),
        (f'{STICK}, ENV{{MAJOR}}=="", MODE="0666"', 0o664),
        (f'{STICK}, ACTION=="add|change", MODE="0666"', 0o666),
        (f'{STICK}, ACTION=="remove", MODE="0666"', 0o664),
        (f'{STICK}, MODE="rw"', 0o664),
        (f"{STICK}, MODE=0666", 0o664),  # without its quotes it is no rule
        ('SYSFS{idVendor}=="03e7", MODE="0666"', 0o664),  # of udev before 2010
        (f'{STICK}, PROGRAM=="/bin/true", MODE="0666"', 0o664),  # cannot be known here
        (f'{STICK}, MODE="0666"\n{STICK}, MODE="0600"', 0o600),
        (f'{STICK}, MODE:="0666"\n{STICK}, MODE="0600"', 0o666),
        (f'{STICK}, ENV{{mine}}="1"\nENV{{mine}}=="1", MODE="0666"', 0o666),
        (f'SUBSYSTEM!="tty", GOTO="end"\n{STICK}, MODE="0666"\nLABEL="end"', 0o664),
        (f'SUBSYSTEM=="tty", GOTO="end"\n{STICK}, MODE="0666"\nLABEL="end"', 0o666),
        (f'GOTO="end"\nLABEL="end"\n{STICK}, MODE="0666"', 0o666),
    ],
)
def test_a_rule_holds_or_does_not(text: str, mode: int) -> None:
    assert granted(text).mode == mode


def test_a_place_names_the_line_where_the_rule_begins() -> None:
    text = f'# first\n\nKERNEL=="x", \\\n MODE="0600"\n{STICK}, MODE="0666"\n'
    assert granted(text).places == ["/etc/udev/rules.d/97-test.rules, line 5"]


def test_uaccess_counts_only_before_the_rules_that_act_on_it() -> None:
    text = f'{STICK}, TAG+="uaccess"'
    assert granted(text, file="/etc/udev/rules.d/70-stick.rules").uaccess
    late = granted(text, file="/etc/udev/rules.d/99-stick.rules")
    assert not late.uaccess
    assert late.late == ["/etc/udev/rules.d/99-stick.rules, line 1"]
    taken = f'{text}\n{STICK}, TAG-="uaccess"'
    assert not granted(taken, file="/etc/udev/rules.d/70-stick.rules").uaccess


def test_files_are_read_in_the_order_of_their_names_whatever_their_folder(fake: FakeMachine) -> None:
    fake.write("etc/udev/rules.d/60-first.rules", f'{STICK}, MODE="0666"')
    fake.write("run/udev/rules.d/61-second.rules", f'{STICK}, MODE="0600"')
    assert grant(rules(fake.seen_by(user())), "2485", "03e7").mode == 0o600


def test_a_file_of_the_same_name_in_etc_replaces_the_others(fake: FakeMachine) -> None:
    fake.write("usr/lib/udev/rules.d/80-stick.rules", f'{STICK}, MODE="0666"')
    machine = fake.seen_by(user())
    assert grant(rules(machine), "2485", "03e7").mode == 0o666
    mask = fake.root / "etc/udev/rules.d/80-stick.rules"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")
    assert grant(rules(machine), "2485", "03e7").mode == 0o664


def test_a_jump_ends_with_its_file(fake: FakeMachine) -> None:
    fake.write("etc/udev/rules.d/60-jump.rules", 'SUBSYSTEM=="usb", GOTO="nowhere"\n')
    fake.write("etc/udev/rules.d/61-stick.rules", f'{STICK}, MODE="0666"')
    assert grant(rules(fake.seen_by(user())), "2485", "03e7").mode == 0o666


def test_every_line_of_this_machines_own_rules_is_understood() -> None:
    files = sorted(Path("/usr/lib/udev/rules.d").glob("*.rules"))
    if not files:
        pytest.skip("this machine has no udev rules")
    for path in files:
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
        assert len(list(parse(path.read_text(encoding="utf-8"), str(path)))) == len(lines), path
    assert grant(rules(Machine()), "0000", "0000").places == []
