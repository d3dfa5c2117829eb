"""TLS with an authority made at home, against a real broker."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from authority import Certificates, make_authority
from realbroker import Broker, Faults, Phone, free_port, smile, wait_until

from edge.errors import MqttError
from edge.mqtt.sink import MqttSink
from edge.settings import MqttSettings


@pytest.fixture
def tls_broker(start_broker: Callable[..., Broker], certificates: Certificates) -> Broker:
    return start_broker(*certificates.lines())


def refusal(settings: MqttSettings) -> str:
    with pytest.raises(MqttError) as caught:
        MqttSink.check(settings)
    return str(caught.value)


def test_the_right_authority_is_trusted(tls_broker: Broker, certificates: Certificates) -> None:
    MqttSink.check(tls_broker.settings(tls=True, ca_file=str(certificates.ca)))


def test_the_sink_comes_back_over_tls(tls_broker: Broker, certificates: Certificates) -> None:
    faults = Faults()
    with (
        closing(Phone(tls_broker.port, ca_file=certificates.ca)) as phone,
        closing(MqttSink(tls_broker.settings(tls=True, ca_file=str(certificates.ca)), [], faults)) as sink,
    ):
        sink.deliver(smile())
        wait_until(lambda: phone.seqs() == [1], "the event arrives")
        tls_broker.kill()
        tls_broker.start()
        wait_until(lambda: len(faults.told) == 2, "loss and return are told")
        assert faults.told[1] == ("mqtt", None)
        phone.wait_subscribed()
        sink.deliver(smile())
        wait_until(lambda: phone.seqs() == [1, 2], "the next event arrives")


def test_another_authority_is_not(tls_broker: Broker, tmp_path: Path) -> None:
    _, stranger = make_authority(tmp_path, "stranger")
    text = refusal(tls_broker.settings(tls=True, ca_file=str(stranger)))
    assert "is not trusted" in text
    assert "mqtt.ca_file" in text


def test_the_systems_authorities_do_not_know_it_either(tls_broker: Broker) -> None:
    assert "is not trusted" in refusal(tls_broker.settings(tls=True))


def test_a_certificate_for_another_name(tls_broker: Broker, certificates: Certificates) -> None:
    text = refusal(tls_broker.settings(tls=True, ca_file=str(certificates.ca), host="localhost"))
    assert "is not trusted" in text
    assert "localhost" in text


def test_plain_on_the_tls_port(tls_broker: Broker) -> None:
    text = refusal(tls_broker.settings(connect_timeout_seconds=1.0))
    assert "if that is its TLS port, set mqtt.tls to true" in text


def test_tls_on_the_plain_port(broker: Broker, certificates: Certificates) -> None:
    text = refusal(broker.settings(tls=True, ca_file=str(certificates.ca), connect_timeout_seconds=1.0))
    assert "TLS" in text
    assert "mqtt.port" in text


def test_a_broker_that_wants_a_certificate_of_the_client(
    start_broker: Callable[..., Broker], certificates: Certificates
) -> None:
    broker = start_broker(*certificates.lines(), f"cafile {certificates.ca}", "require_certificate true")
    settings = broker.settings(tls=True, ca_file=str(certificates.ca), connect_timeout_seconds=1.0)
    assert "wants a certificate of this device: set mqtt.cert_file" in refusal(settings)


def test_an_authority_that_is_no_certificate(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.crt"
    wrong.write_text("not a certificate\n")
    settings = MqttSettings(host="127.0.0.1", port=free_port(), tls=True, ca_file=str(wrong))
    assert "is not a readable certificate" in refusal(settings)
