"""A facecue that publishes one smile and then hangs, to be killed: publisher.py PORT."""

from __future__ import annotations

import sys
import threading

from realbroker import smile

from edge.mqtt.sink import MqttSink
from edge.settings import MqttSettings

settings = MqttSettings(host="127.0.0.1", port=int(sys.argv[1]), device="glasses")
MqttSink(settings, ["movements"], lambda name, error: None).deliver(smile())
threading.Event().wait()
