"""A real SMTP server that does what a test tells it, and what the server under test sends to it."""

import email
import email.policy
import re
import threading
import time
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from support.ports import free_port

TOKEN = re.compile(r"sgrl_[0-9A-Za-z]{49}")


class Message:
    """One message as a mail reader sees it."""

    def __init__(self, raw, sender=None, recipients=()):
        self.raw, self.envelope = raw, (sender, list(recipients))
        self.parsed = email.message_from_bytes(raw, policy=email.policy.default)
        self.subject, self.to, self.id = self.parsed["Subject"], str(self.parsed["To"]), self.parsed["Message-ID"]
        self.text, self.html = (self.parsed.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))

    @property
    def token(self):
        return TOKEN.search(self.text)[0]

    @property
    def url(self):
        return urlsplit(re.search(r"^https?://\S+/links#\S+$", self.text, re.MULTILINE)[0])


class Mailbox:
    """Listens on a port of 127.0.0.1. answers: what to say to the next messages, in order: "250 OK" when there is nothing
    left; a pair (verb, answer) concerns RCPT or MAIL in place of the text, and its answer may be a function that says it. `hold`: an event to wait for before the answer to
    a text. messages: those it took; texts: how many it was given."""

    def __init__(self, port=None, **options):
        self.messages, self.answers, self.hold, self.texts = [], [], None, 0
        self.holding = threading.Event()
        self.lock = threading.Lock()
        self.port = port or free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        self.controller.start()

    def stop(self):
        self.controller.stop()

    @property
    def server_options(self):
        """The server's, so that it sends its mail here."""
        return ["--smtp-url", f"smtp://127.0.0.1:{self.port}", "--smtp-plain", "--mail-from", "posta@lavoro.example"]

    def answer(self, verb):
        with self.lock:
            if self.answers and (self.answers[0][0] if isinstance(self.answers[0], tuple) else "DATA") == verb:
                said = self.answers.pop(0)
                said = said[1] if isinstance(said, tuple) else said
                return said() if callable(said) else said
        return "250 OK"

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        envelope.mail_from = address
        return self.answer("MAIL")

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        said = self.answer("RCPT")
        if said.startswith("2"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server, session, envelope):
        import asyncio
        self.texts += 1
        self.holding.set()
        while self.hold is not None and not self.hold.is_set():
            await asyncio.sleep(0.02)
        said = self.answer("DATA")
        if said.startswith("2"):
            with self.lock:
                self.messages.append(Message(envelope.content, envelope.mail_from, envelope.rcpt_tos))
        return said

    def to(self, address, count=1, seconds=20):
        """The messages to an address, when there are that many."""
        end = time.monotonic() + seconds
        while True:
            found = [message for message in self.messages if message.envelope[1] == [address]]
            if len(found) >= count or time.monotonic() > end:
                assert len(found) >= count, f"{len(found)} messages, not {count}: {[m.envelope for m in self.messages]}"
                return found
            time.sleep(0.02)
