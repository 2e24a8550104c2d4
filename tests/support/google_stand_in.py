"""Google's REST APIs on loopback, as far as `scripts/ops` asks them: what it answers is made of the libraries' own
message types, so it is what goes over the wire. It holds what it is given, and keeps Secret Manager's rules.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from google.cloud.secretmanager_v1 import AccessSecretVersionResponse, Secret, SecretVersion
from google.iam.v1.policy_pb2 import Policy  # type: ignore[import-untyped]
from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

STATUSES = {400: "FAILED_PRECONDITION", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED", 503: "UNAVAILABLE"}
DENIED = "Permission 'secretmanager.versions.access' denied for owner@acme.example on resource"


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Version:
    """A secret's version."""

    data: bytes
    enabled: bool = True


@dataclass
class GoogleStandIn:
    """Everything may be read and set at any time.

    `resources`  functions, services, subscriptions, topics and secrets, by their full name
    `policies`   who may do what with them, by the same name
    `versions`   of each secret, by its full name, oldest first
    `lag`        how many versions a secret's `latest` is behind
    `lacking`    permissions that the caller does not have, as testIamPermissions tells it
    `faults`     part of a request's method and path -> the status that is answered
    `nonsense`   part of a request's method and path that is answered by no API
    `objects`    of each bucket: the content by the name. A bucket that is no key does not exist
    `page`       how many objects one page of a list has
    `cut`        names of objects whose connection breaks in the middle, once each
    `backlog`    the dead letters that Monitoring has measured; None for a subscription never measured
    `calls`      every request: method and path
    `before`     called before every request with its method and path
    """

    project: str
    resources: dict[str, Any] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    lag: int = 0
    lacking: set[str] = field(default_factory=set)
    faults: dict[str, int] = field(default_factory=dict)
    nonsense: str | None = None
    objects: dict[str, dict[str, bytes]] = field(default_factory=dict)
    page: int = 1000
    cut: set[str] = field(default_factory=set)
    backlog: int | None = 0
    calls: list[str] = field(default_factory=list)
    before: Callable[[str], object] = lambda _call: None

    def add(self, resource: Any, policy: Policy | None = None) -> None:
        """Holds a resource."""
        self.resources[resource.name] = resource
        self.policies[resource.name] = policy or Policy()

    def add_secret(self, name: str, value: str, policy: Policy | None = None) -> None:
        """Holds a secret with one version."""
        path = f"projects/{self.project}/secrets/{name}"
        self.add(Secret(name=path, etag='"1"'), policy)
        self.versions[path] = [Version(value.encode())]

    def latest(self, secret: str) -> str:
        """What the newest version of a secret holds."""
        return self.versions[f"projects/{self.project}/secrets/{secret}"][-1].data.decode()

    def app(self) -> Starlette:
        """All APIs, on one host."""
        return Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST", "PATCH"])])

    async def _answer(self, request: Request) -> Response:
        call = f"{request.method} {request.url.path}"
        self.calls.append(call)
        self.before(call)
        try:
            self._refuse(call)
            if self.nonsense and self.nonsense in call:
                return PlainTextResponse("<html>Sign in to the hotel's network</html>")
            if bucket := re.fullmatch(r"/storage/v1/b/([^/]+)/o(?:/([^/]+))?", request.scope["raw_path"].decode()):
                return self._stored(request, *(unquote(each or "") for each in bucket.groups()))
            return JSONResponse(self._asked(request, await request.json() if await request.body() else {}))
        except Refusal as error:
            told = {"code": error.status, "message": str(error), "status": STATUSES[error.status]}
            return JSONResponse({"error": told}, error.status)

    def _refuse(self, call: str) -> None:
        for part, status in self.faults.items():
            if part in call:
                raise Refusal(status, DENIED)

    def _asked(self, request: Request, body: Any) -> Any:
        found = re.fullmatch(r"/v\d/(?P<name>[^:]+)(:(?P<verb>\w+))?", request.url.path)
        assert found, request.url.path
        name, verb = found["name"], found["verb"]
        if name.endswith("/timeSeries"):
            return self._measured(request)
        if verb in (None, "addVersion") and name not in self.resources:
            raise Refusal(404, f"Resource not found: {name}")
        match (request.method, verb):
            case ("GET", "getIamPolicy"):
                return MessageToDict(self.policies[name])
            case ("GET", "access"):
                return _json(self._access(name), request)
            case ("POST", "testIamPermissions"):
                return {"permissions": [each for each in body["permissions"] if each not in self.lacking]}
            case ("POST", "addVersion"):
                self.versions[name].append(Version(base64.b64decode(body["payload"]["data"])))
                return _json(SecretVersion(name=f"{name}/versions/{len(self.versions[name])}"), request)
            case ("PATCH", None):
                return _json(self._annotate(name, request.query_params["updateMask"], body), request)
            case ("GET", None):
                return _json(self.resources[name], request)
        raise AssertionError(request.url.path)

    def _stored(self, request: Request, bucket: str, name: str) -> Response:
        """A page of a bucket's objects, or one object's content. Nothing else: nothing is written or deleted."""
        asked = request.query_params
        if request.method != "GET" or bucket not in self.objects or (name and name not in self.objects[bucket]):
            raise Refusal(404, "The specified bucket or object does not exist.")
        if name:
            assert asked["alt"] == "media"
            content = self.objects[bucket][name]
            if name in self.cut:
                self.cut.remove(name)
                return Response(content[: len(content) // 2], headers={"content-length": str(len(content))})
            return Response(content, media_type="application/octet-stream")
        start, end = asked.get("startOffset", ""), asked.get("endOffset", chr(0x10FFFF))
        inside = [each for each in sorted(self.objects[bucket]) if start <= each < end]
        listed = [each for each in inside if each.startswith(asked["prefix"]) and each > asked.get("pageToken", "")]
        page: dict[str, Any] = {"items": [{"name": each} for each in listed[: self.page]]} if listed else {}
        if len(listed) > self.page:
            page["nextPageToken"] = listed[self.page - 1]
        return JSONResponse(page)

    def _access(self, name: str) -> AccessSecretVersionResponse:
        """A number is known as soon as it is given; `latest` may lag behind."""
        secret, _, version = name.partition("/versions/")
        known = self.versions.get(secret, [])
        number = len(known) - self.lag if version == "latest" else int(version)
        if not 0 < number <= len(known):
            raise Refusal(404, f"Secret Version [{name}] not found, or its secret has none.")
        found = known[number - 1]
        if not found.enabled:
            raise Refusal(400, f"Secret Version [{name}] is in DISABLED state.")
        return AccessSecretVersionResponse(name=f"{secret}/versions/{number}", payload={"data": found.data})

    def _annotate(self, name: str, mask: str, body: Any) -> Secret:
        """The annotations are changed as one, and only of the secret that was read."""
        assert mask == "annotations"
        secret = self.resources[name]
        if body.get("etag") != secret.etag:
            raise Refusal(409, "The etag provided in the request does not match the resource's current etag.")
        secret.annotations = body.get("annotations", {})
        secret.etag = f'"{int(secret.etag.strip(chr(34))) + 1}"'
        return secret  # type: ignore[no-any-return]

    def _measured(self, request: Request) -> Any:
        assert "num_undelivered_messages" in request.query_params["filter"]
        if self.backlog is None:
            return {"unit": "1"}
        point = {"interval": {"endTime": "2026-11-24T14:00:00Z"}, "value": {"int64Value": str(self.backlog)}}
        return {"timeSeries": [{"metricKind": "GAUGE", "valueType": "INT64", "points": [point]}], "unit": "1"}


def _json(message: Any, request: Request) -> Any:
    """As Google writes it: no defaults, and enums as the client asks for them."""
    as_integers = "enum-encoding=int" in request.query_params.get("$alt", "")
    options = {"use_integers_for_enums": as_integers, "preserving_proto_field_name": False}
    return type(message).to_dict(message, always_print_fields_with_no_presence=False, **options)
