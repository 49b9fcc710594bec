"""An SMTP server on loopback that writes each message as a line of JSON.

mail_sink.py PORT FILE [--tls CERTIFICATE KEY] [--login USER PASSWORD]

With --tls it insists on STARTTLS, with --login on AUTH.
"""

import argparse
import email
import email.policy
import json
import logging
import ssl
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Sink:
    def __init__(self, path):
        self.path = path

    async def handle_DATA(self, server, session, envelope):
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {p.get_content_type(): p.get_content() for p in parsed.walk() if not p.is_multipart()}
        line = json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
            "content": envelope.content.decode("utf-8", "replace"), "type": parsed.get_content_type(),
            "headers": [[name.lower(), str(value)] for name, value in parsed.items()], "parts": parts,
            "defects": [str(d) for d in parsed.defects]})
        with open(self.path, "a") as out:
            out.write(line + "\n")
        return "250 OK"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("port", type=int)
    options.add_argument("file")
    options.add_argument("--tls", nargs=2)
    options.add_argument("--login", nargs=2)
    given = options.parse_args()
    more = {}
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)   # broken handshakes are what some tests want
    if given.tls:
        more["tls_context"] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        more["tls_context"].load_cert_chain(*given.tls)
        more["require_starttls"] = True
    if given.login:
        wanted = LoginPassword(given.login[0].encode(), given.login[1].encode())
        more["authenticator"] = lambda *call: AuthResult(success=call[-1] == wanted, handled=False)
        more["auth_required"] = True
        more["auth_require_tls"] = bool(given.tls)
    controller = Controller(Sink(given.file), hostname="127.0.0.1", port=given.port, **more)
    controller.start()
    print("ready", flush=True)
    while True:
        time.sleep(3600)


main()
