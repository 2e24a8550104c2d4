"""Real mail servers on loopback, with the certificates they show."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Post:
    """What a server got, and the replies by which it refuses: by SMTP's command. `recipients` is what RCPT said,
    letter by letter: in the envelope aiosmtpd has taken quotes away.
    """

    replies: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    envelopes: list[Envelope] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_MAIL(self, _server: SMTP, _session: Any, envelope: Envelope, address: str, _: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(self, _server: SMTP, _session: Any, envelope: Envelope, address: str, _: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 OK")

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.delay)
        if "DATA" not in self.replies:
            self.envelopes.append(envelope)
        return self.replies.get("DATA", "250 OK")

    async def handle_QUIT(self, _server: SMTP, _session: Any, _envelope: Envelope) -> str:  # noqa: N802
        return self.replies.get("QUIT", "221 Bye")

    def authenticate(self, _server: SMTP, _session: Any, _envelope: Envelope, _way: str, login: Any) -> AuthResult:
        """Lets in a client that has the password `s3cr@t`."""
        assert isinstance(login, LoginPassword)
        self.logins.append((login.login, login.password))
        return AuthResult(success=login.password == b"s3cr@t", handled=False)


class _Server(SMTP):
    """Tells its post what RCPT said."""

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
        """The command, as any server takes it."""
        self.event_handler.recipients.append(arg)
        await super().smtp_RCPT(arg)


@contextlib.asynccontextmanager
async def serving(post: Post, *, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """A server for that post, on the port that it yields; `tls` is for connections that begin with TLS."""
    loop = asyncio.get_running_loop()
    sessions: list[SMTP] = []

    def session() -> SMTP:
        sessions.append(_Server(post, hostname="localhost", loop=loop, **options))
        return sessions[-1]

    server = await loop.create_server(session, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in sessions:
            if each.transport:
                each.transport.close()
        await server.wait_closed()


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for that address: its file, for those who trust it, and a server's context."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail of a test")])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoded = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*encoded))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return pem, context
