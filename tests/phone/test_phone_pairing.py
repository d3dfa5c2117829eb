"""A phone is paired by a link, however it comes, and only after a question; the password stays here."""

from __future__ import annotations

from phonedevice import Device, WebBroker
from phonepage import PhonePage, Site

SECRET = "s3cret+/ &ü"


def test_a_link_asks_pairs_and_leaves_no_trace(
    broker: WebBroker, device: Device, phone: PhonePage, site: Site
) -> None:
    site.paths.clear()
    phone.page.goto(phone.link(broker, user="phone", password=SECRET))
    question = phone.page.get_by_role("dialog")
    assert question.inner_text().startswith(f"Pair this phone with glasses at 127.0.0.1:{broker.web_port}?")
    assert phone.page.url == site.address
    assert phone.page.evaluate("localStorage.getItem('facecue-pairing')") is None
    phone.page.get_by_role("button", name="Pair", exact=True).click()
    phone.wait_text("#link-state", "Connected.")
    phone.wait_text("#told", "Paired with glasses.")
    assert phone.page.evaluate("JSON.parse(localStorage.getItem('facecue-pairing')).password") == SECRET
    assert "s3cret" not in "".join(site.paths)
    phone.page.reload()
    phone.wait_text("#link-state", "Connected.")
    assert not phone.errors


def test_no_is_no(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.page.goto(phone.link(broker))
    # A double tap must not pair: the focus is on the harmless button.
    assert phone.page.evaluate("document.activeElement.id") == "pairing-no"
    phone.page.get_by_role("button", name="Cancel").click()
    assert phone.page.get_by_role("heading", name="Pair this phone").is_visible()
    phone.page.reload()
    assert phone.page.get_by_role("heading", name="Pair this phone").is_visible()


def test_another_link_changes_nothing_before_the_answer(
    broker: WebBroker, device: Device, phone: PhonePage
) -> None:
    phone.pair(broker)
    phone.page.evaluate(
        "location.hash = 'device=other&broker=' + encodeURIComponent('wss://elsewhere.example/mqtt')"
    )
    assert (
        phone.page.get_by_role("dialog")
        .inner_text()
        .startswith("Pair this phone with other at elsewhere.example?")
    )
    phone.page.keyboard.press("Escape")
    device.cue("smiling")
    phone.wait_text("#cue", "smiling")
    assert "#" not in phone.page.url


def test_a_link_can_be_pasted(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.page.goto(phone.site.address)
    field = phone.page.get_by_label("Or paste the link here")
    field.fill("https://example.org/")
    field.press("Enter")
    phone.wait_text("#link-told", "This is not a pairing link.")
    assert field.get_attribute("aria-invalid") == "true"
    assert phone.page.evaluate("document.activeElement.id") == "link"
    field.fill("  " + phone.link(broker) + " ")
    phone.page.get_by_role("button", name="Use this link").click()
    phone.page.get_by_role("button", name="Pair", exact=True).click()
    phone.wait_text("#link-state", "Connected.")


def test_a_code_is_scanned(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    """The camera is the browser's own pretended one; reading its picture is what is stood in for."""
    phone.page.add_init_script(
        "window.BarcodeDetector = class { async detect(video) { window.looked = (window.looked ?? 0) + 1;"
        " return video.videoWidth && window.code ? [{ rawValue: window.code }] : []; } };"
    )
    phone.page.goto(phone.site.address)
    scan = phone.page.get_by_role("button", name="Scan the code")
    scan.click()
    phone.wait("window.looked > 1")
    assert phone.page.locator("#camera").is_visible()
    phone.page.get_by_role("button", name="Stop scanning").click()
    phone.wait("document.getElementById('camera').hidden")
    scan.click()
    phone.page.evaluate("code => window.code = code", "https://example.org/something-else")
    phone.page.wait_for_timeout(300)
    phone.page.evaluate("code => window.code = code", phone.link(broker))
    phone.page.get_by_role("button", name="Pair", exact=True).click()
    phone.wait_text("#link-state", "Connected.")
    assert phone.page.evaluate("document.getElementById('camera').srcObject") is None


def test_without_a_camera_the_link_is_offered(phone: PhonePage) -> None:
    phone.page.add_init_script(
        "window.BarcodeDetector = class {}; navigator.mediaDevices.getUserMedia ="
        " () => Promise.reject(new DOMException('', 'NotAllowedError'));"
    )
    phone.page.goto(phone.site.address)
    phone.page.get_by_role("button", name="Scan the code").click()
    phone.wait("document.getElementById('scan-told').textContent.startsWith('The camera cannot be used.')")


def test_a_browser_that_reads_no_codes_shows_no_button(phone: PhonePage) -> None:
    phone.page.goto(phone.site.address)
    assert not phone.page.locator("#scan").is_visible()


def test_pairing_again_forgets_the_device(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    device.cue("smiling")
    phone.wait_text("#cue", "smiling")
    phone.page.get_by_role("button", name="Settings").click()
    phone.page.get_by_role("button", name="Pair again").click()
    assert phone.page.get_by_role("heading", name="Pair this phone").is_visible()
    assert phone.page.evaluate("localStorage.getItem('facecue-pairing')") is None
    phone.page.reload()
    assert phone.page.get_by_role("heading", name="Pair this phone").is_visible()
