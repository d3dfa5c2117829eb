"""One snapshot, told to programs and to people."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import replace

import pytest

from edge.errors import SettingsError
from edge.mqtt.outbox import Outbox
from edge.mqtt.payloads import health_payload
from edge.service.health import Health, metrics, payload, words
from edge.service.machine import Machine
from edge.service.status_page import StatusPage

HEALTH = Health(
    version="1.2.3",
    state="running",
    uptime_seconds=60.0,
    pictures=600,
    rate=10.0,
    age_ms=63.4,
    age_p99_ms=120.0,
    faces=1,
    model="small-au",
    device='the "big" one',
    troubles=("mqtt_lost",),
    machine=Machine(celsius=54.3, battery_percent=80, memory_mb=210.5, threads=9, files=20),
)


def get(page: StatusPage, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=5.0)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_people_hear_what_does_not_work_first() -> None:
    assert words(HEALTH) == (
        "running, mqtt lost, 10.0 pictures a second, 63 ms old when told of, "
        'small-au on the "big" one, 54 degrees, battery 80 %'
    )
    away = replace(HEALTH, state="camera lost", safe_mode="the settings are wrong", troubles=("camera_lost",))
    assert words(away).startswith("camera lost, safe mode, because the settings are wrong, small-au")


def test_metrics_are_prometheus_text() -> None:
    lines = metrics(HEALTH).splitlines()
    told = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert told["facecue_well"] == "1"
    assert told["facecue_pictures_total"] == "600"
    assert told["facecue_picture_age_seconds"] == "0.0634"
    assert told["facecue_memory_bytes"] == "210500000"
    assert told['facecue_trouble{what="mqtt_lost"}'] == "1"
    assert told['facecue_info{version="1.2.3",model="small-au",device="the \\"big\\" one"}'] == "1"
    # What is not known is not told as a nought.
    assert "facecue_power_weak" not in told
    for name in told:
        family = name.partition("{")[0]
        assert sum(line.startswith(f"# TYPE {family} ") for line in lines) == 1, name


def test_the_page_answers_by_what_is_so() -> None:
    health = [HEALTH]
    page = StatusPage(0, lambda: health[0])
    try:
        status, body = get(page, "/healthz")
        assert status == 200
        assert json.loads(body) == json.loads(json.dumps(payload(HEALTH)))
        assert json.loads(body)["machine"]["celsius"] == 54.3
        health[0] = replace(HEALTH, state="camera lost")
        assert get(page, "/healthz")[0] == 503
        assert get(page, "/metrics") == (200, metrics(health[0]))
        assert get(page, "/etc/passwd")[0] == 404
    finally:
        page.close()


def test_a_caller_that_says_nothing_holds_nobody_up_for_long() -> None:
    page = StatusPage(0, lambda: HEALTH)
    try:
        with socket.create_connection(("127.0.0.1", page.port)):
            assert get(page, "/healthz")[0] == 200
    finally:
        page.close()


def test_a_port_that_is_taken_is_said() -> None:
    page = StatusPage(0, lambda: HEALTH)
    try:
        with pytest.raises(SettingsError, match=r"service\.status_port"):
            StatusPage(page.port, lambda: HEALTH)
    finally:
        page.close()


def test_the_broker_is_told_the_same() -> None:
    with_machine = replace(HEALTH, machine=replace(HEALTH.machine, throttled=False, weak_power=True))
    told = health_payload(payload(with_machine), Outbox(None).counts(), "2026-01-31T12:00:00.000Z")
    names = ("well", "state", "troubles", "uptime_seconds", "pictures_per_second", "latency_ms")
    assert [told[name] for name in names] == [True, "running", ["mqtt_lost"], 60.0, 10.0, 63.4]
    names = ("temperature_c", "throttled", "weak_power", "battery_percent", "version")
    assert [told[name] for name in names] == [54.3, False, True, 80, "1.2.3"]
