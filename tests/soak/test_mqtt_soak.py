"""The soak of MQTT, a few seconds of it."""

from __future__ import annotations

import pytest
from mqtt_soak import SHORT, soak
from realbroker import MOSQUITTO


@pytest.mark.skipif(MOSQUITTO is None, reason="needs the MQTT broker: install mosquitto")
def test_nothing_is_lost_late_twice_or_out_of_order(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = soak(cues=600, rate=100.0, kills=SHORT)
    with capsys.disabled():
        print(f"\n{outcome.table()}")  # noqa: T201
    assert (outcome.broker_kills, outcome.publisher_kills) == (2, 2)
    assert outcome.taken >= 590
    assert outcome.faults == []
    assert outcome.expired == 0
