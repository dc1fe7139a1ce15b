"""An SMTP server of aiosmtpd that wants a login: a line of JSON for its port and for each mail."""

import json
import logging
import sys
import warnings
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

# It would warn of logins without TLS, which nobody listens to on the loopback.
logging.disable(logging.WARNING)
warnings.simplefilter("ignore")

LOGIN = (b"paddock", b"hush/hush")


def say(what):
    print(json.dumps(what), flush=True)


class Inbox:
    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        say(
            {
                "sender": envelope.mail_from,
                "recipients": envelope.rcpt_tos,
                "from": mail["from"],
                "to": mail["to"],
                "subject": mail["subject"],
                "dated": mail["date"] is not None,
                "text": mail.get_content().strip(),
            }
        )
        return "250 OK"


def login(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == LOGIN)


controller = Controller(
    Inbox(),
    hostname="127.0.0.1",
    port=int(sys.argv[1]),
    authenticator=login,
    auth_required=True,
    auth_require_tls=False,
)
controller.start()
say({"port": controller.port})
# Until the test closes it.
sys.stdin.read()
controller.stop()
