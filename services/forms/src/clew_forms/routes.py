"""The public door: show a form, take what is sent. Next: clew_forms.group_commit.GroupCommit.submit."""

from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

from aiohttp import hdrs, web
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.api import answer
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.trace import current_traceparent
from clew_shared.runtime.web import public

from clew_forms.body import Body, BodyRefused
from clew_forms.client_address import client_address, network_of
from clew_forms.definition import FormDefinition
from clew_forms.form_book import FormBook, LiveForm
from clew_forms.group_commit import GroupCommit, StoreAway
from clew_forms.page_token import ABSENT, PageToken, is_sid, make_page_token, new_sid, read_page_token
from clew_forms.read_body import read_body
from clew_forms.redirect import choose_redirect
from clew_forms.render import Filled, PublicPages, plain_headers
from clew_forms.screen import Screened, screen_submission
from clew_forms.submission import Outcome, Submission, choose_key, digest_of
from clew_forms.suspicion import signs_against

RETRY_SECONDS = 5
_LONGEST_KEY = 255
_AGAIN = "This page had been open for a long time. Please check what you wrote and send it again."
_AWAY = "We could not save your message just now. Nothing is lost: please send it again in a moment."


class PublicForms:
    """The handlers below `/f/`; `trusted` are the proxies whose word on the client's address counts.

    `secret` is asked for at the first page: building the service touches no file.
    """

    def __init__(
        self,
        book: FormBook,
        commits: GroupCommit,
        pages: PublicPages,
        *,
        secret: Callable[[], bytes],
        trusted: tuple[IPv4Network | IPv6Network, ...],
        region: str | None,
    ) -> None:
        self._book = book
        self._commits = commits
        self._pages = pages
        self._secret = secret
        self._trusted = trusted
        self._region = region

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/f/{form}", self.show_form),
            web.post("/f/{form}", self.post_submission),
            web.get("/f/{form}/thanks", self.show_thanks),
            web.get("/f/{form}/embed.js", self.show_embed),
            web.get("/f/-/assets/{digest}/{name:.+}", self.show_asset),
        ]

    @public
    async def show_form(self, request: web.Request) -> web.Response:
        form = await self._find(request)
        if form.closed_at is not None:
            return self._pages.closed(form.definition)
        return self._pages.form(form.definition, self._fresh(form.definition))

    @public
    async def show_thanks(self, request: web.Request) -> web.Response:
        return self._pages.thanks((await self._find(request)).definition)

    @public
    async def show_embed(self, request: web.Request) -> web.Response:
        return self._pages.embed_script((await self._find(request)).definition)

    @public
    async def show_asset(self, request: web.Request) -> web.Response:
        return await self._pages.assets.serve(request)

    @public
    async def post_submission(self, request: web.Request) -> web.Response:
        """Answer 303 or 201 once the submission is committed, else the page with all values kept, or a problem."""
        form = await self._find(request)
        try:
            body = await read_body(request)
            key = _idempotency_key(request)
        except BodyRefused as refused:
            return self._refuse_body(request, form.definition, refused)
        post = Post(form, body, _wants_json(request, body), utc_now())
        post.token = self._read_token(post)
        if not form.takes(post.now, post.token.issued_at if post.token.state == "valid" else None):
            return self._say_closed(post)
        screened = screen_submission(form.definition, body, self._region)
        if screened.errors:
            return self._ask_again(post, screened)
        if post.is_stale:
            return self._pages.form(form.definition, self._fresh(form.definition, screened.raw, _AGAIN), 422)
        try:
            outcome = await self._commits.submit(self._submission(request, post, screened, key))
        except StoreAway:
            return self._say_away(post, screened)
        return _confirm(post, outcome)

    async def _find(self, request: web.Request) -> LiveForm:
        form = await self._book.find(request.match_info["form"])
        if form is None:
            raise not_found("form")
        return form

    def _submission(self, request: web.Request, post: "Post", screened: Screened, header: str | None) -> Submission:
        definition = post.form.definition
        address = client_address(request.remote, tuple(request.headers.getall("X-Forwarded-For", ())), self._trusted)
        content, network = digest_of(screened), network_of(address)
        key = choose_key(header, post.sid, content, network)
        return Submission(
            id=new_id(),
            form_id=post.form.id,
            version=post.form.version,
            slug=definition.slug,
            policy=definition.policy,
            pipeline=definition.pipeline,
            region=definition.region or self._region,
            received_at=post.now,
            screened=screened,
            signs=signs_against(definition, post.body, post.token, post.now),
            network=network,
            key=key.text,
            content=content,
            expires_at=post.now + key.lasts,
            strict=post.as_json,
            traceparent=current_traceparent(),
        )

    def _read_token(self, post: "Post") -> PageToken:
        token = post.body.texts.get("_token", "")
        return read_page_token(token, post.form.definition.slug, post.sid, post.now, self._secret())

    def _fresh(self, definition: FormDefinition, values: dict[str, str] | None = None, notice: str = "") -> Filled:
        sid = new_sid()
        token = make_page_token(definition.slug, sid, utc_now(), self._secret())
        return Filled(sid=sid, token=token, values=values or {}, notice=notice)

    def _same_page(self, post: "Post", screened: Screened, notice: str = "") -> Filled:
        """Keep the page's own id, so that what is sent from it next is still the same submission."""
        if not post.sid or post.is_stale:
            fresh = self._fresh(post.form.definition)
            sid, token = fresh.sid, fresh.token
        else:
            sid, token = post.sid, post.body.texts.get("_token", "")
            token = token or make_page_token(post.form.definition.slug, sid, post.now, self._secret())
        return Filled(sid=sid, token=token, values=screened.raw, errors=screened.errors, notice=notice)

    def _ask_again(self, post: "Post", screened: Screened) -> web.Response:
        if not post.as_json:
            return self._pages.form(post.form.definition, self._same_page(post, screened), 422)
        lang = post.form.definition.lang
        errors = [
            FieldError(pointer=f"/{e.field_id}", code=e.code, message=e.message, label=e.label, lang=lang)
            for e in screened.errors
        ]
        raise Problem(422, "Invalid submission", "Some fields need another look.", errors=errors)

    def _say_away(self, post: "Post", screened: Screened) -> web.Response:
        retry = {"Retry-After": str(RETRY_SECONDS)}
        if post.as_json:
            raise Problem(503, "Not saved", _AWAY, headers=retry)
        page = self._pages.form(post.form.definition, self._same_page(post, screened, _AWAY), 503)
        page.headers.update(retry)
        return page

    def _say_closed(self, post: "Post") -> web.Response:
        if post.as_json:
            raise Problem(410, "Closed", post.form.definition.closed_text)
        return self._pages.closed(post.form.definition)

    def _refuse_body(self, request: web.Request, definition: FormDefinition, refused: BodyRefused) -> web.Response:
        if _wants_json(request, None):
            response = Problem(refused.status, "Unreadable body", refused.detail, code=refused.code).to_response()
        else:
            response = self._pages.refused(definition, refused.status, refused.detail)
        # What has not been read cannot be told from the next request.
        response.force_close()
        return response


class Post:
    """What one request wants, while it is being answered."""

    def __init__(self, form: LiveForm, body: Body, as_json: bool, now: datetime) -> None:
        self.form = form
        self.body = body
        self.as_json = as_json
        self.now = now
        sid = body.texts.get("_sid", "")
        self.sid = sid if is_sid(sid) else ""
        self.token: PageToken = ABSENT

    @property
    def is_stale(self) -> bool:
        """Whether the page it comes from is too old, or not ours, and there is somebody to look at it again."""
        asks = self.form.definition.stale_page == "ask" and not self.as_json
        return asks and self.token.state in ("expired", "foreign")


def _confirm(post: Post, outcome: Outcome) -> web.Response:
    if outcome.kind == "conflict":
        raise Problem(
            422, "Key used before", "This idempotency key came with other answers before.", code="idempotency_conflict"
        )
    if post.as_json:
        return answer({"submission_id": outcome.submission_id}, 201, plain_headers())
    definition = post.form.definition
    place = choose_redirect(post.body.texts.get("_redirect"), definition, f"/f/{definition.slug}/thanks")
    return web.Response(status=303, headers={**plain_headers(), "Location": place})


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise BodyRefused(400, "idempotency_key", f"An idempotency key has 1 to {_LONGEST_KEY} printable characters.")
    return key


def _wants_json(request: web.Request, body: Body | None) -> bool:
    """Tell a program from a browser: by what it sent, or by what it asks for."""
    if body.is_json if body else request.headers.get(hdrs.CONTENT_TYPE, "").startswith("application/json"):
        return True
    accept = request.headers.get(hdrs.ACCEPT, "")
    return "json" in accept and "text/html" not in accept
