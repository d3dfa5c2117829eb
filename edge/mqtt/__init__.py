"""Publishing cues to an MQTT broker: a retained state and a stream of events per device."""
