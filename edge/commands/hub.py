"""`facecue hub`: the phone page, a broker and a status page, from this computer."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from edge import settings as settings_module
from edge.commands.aloud import add_aloud, teller
from edge.commands.base import SYSTEM_FILE, Command, config_path
from edge.errors import HubError
from edge.hub import access, ca, pairing
from edge.hub.hub import Hub
from edge.hub.state import StateFolder, folder_of
from edge.hub.users import HOME_USER, password_name
from edge.settings import Settings

END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"settings; else $FACECUE_CONFIG, else {SYSTEM_FILE} where it exists",
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--pair",
        nargs="?",
        const="",
        metavar="DEVICE",
        help="only show the links and codes that pair a phone, and the helper's link; they are secret",
    )
    only.add_argument(
        "--settings",
        nargs="?",
        const="",
        metavar="DEVICE",
        help="only print the lines of facecue.toml that let a device in",
    )
    only.add_argument(
        "--home-password", action="store_true", help=f"only print the password of the user {HOME_USER}"
    )
    only.add_argument(
        "--forget-phones", action="store_true", help="only make new passwords: every phone must pair anew"
    )
    parser.add_argument("--no-codes", action="store_true", help="with --pair: links only, for screen readers")
    add_aloud(parser)


def _run(args: argparse.Namespace) -> int:
    settings = settings_module.load(config_path(args))
    if args.pair is None and args.settings is None and not args.home_password and not args.forget_phones:
        return _serve(args, settings)
    state = StateFolder(folder_of(settings.hub.state_folder))
    own = access.devices(settings)[0]
    if args.pair is not None:
        _pair(args, settings, state, args.pair or own)
    elif args.settings is not None:
        print(access.device_settings(settings, state, args.settings or own))
    elif args.home_password:
        print(state.secret(password_name(HOME_USER)))
    else:
        print(f"forgotten: {', '.join(access.forget_phones(settings, state))}")
    return 0


def _serve(args: argparse.Namespace, settings: Settings) -> int:
    stop = threading.Event()
    for number in END_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    with teller(args, settings.speech) as voice:
        try:
            hub = Hub(settings)
        except HubError as error:
            voice.say(f"the hub cannot start: {error}")
            raise
        try:
            print(f"{hub.description}; pair a phone: facecue hub --pair", flush=True)
            voice.say("the hub is ready")
            hub.run(stop)
        finally:
            hub.close()
    return 0


def _pair(args: argparse.Namespace, settings: Settings, state: StateFolder, device: str) -> None:
    found = access.pair(settings, state, device)
    authority = state.file(ca.CA)
    codes = sys.stdout.isatty() and not args.no_codes
    print("1. On the phone, in the same network, open this and install the certificate:")
    print(f"   {found.install}")
    if authority.exists():
        print(f"   its SHA-256 fingerprint: {ca.fingerprint(authority)}")
    if codes:
        print(pairing.drawn(found.install))
    print(f"2. Then open this link there; it pairs the phone with {found.device}. Keep it secret:")
    print(f"   {found.link}")
    if codes:
        print(pairing.drawn(found.link))
    print("Status page for a helper, also secret:")
    print(f"   {found.status}", flush=True)
    with teller(args, settings.speech) as voice:
        voice.say(f"On the phone open {found.spoken}")


COMMAND = Command("hub", "serve the phone page, a broker and a status page", _configure, _run)
