"""What a browser is shown: the live page, one order's page, Swagger UI; all of it from this machine alone."""

import mimetypes
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from api.context import AnOrderNumber, TheDesk
from config.settings import Settings

ROOM = Path(__file__).parent
ASSETS = ROOM / "static"
TEMPLATES = ROOM / "templates"
SWAGGER = "/static/swagger-ui"

# Of the embedded server.
TEMPORAL_HOST = "127.0.0.1"
NAMESPACE = "default"

NOTHING_ELSE = ("connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")

# Swagger's own script is inline, and so are the styles it sets; its pictures are in its stylesheet.
SWAGGER_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        *NOTHING_ELSE,
    )
)
PAGE_POLICY = "; ".join(
    ("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", *NOTHING_ELSE)
)

router = APIRouter(include_in_schema=False)


@router.get("/")
async def live(desk: TheDesk) -> HTMLResponse:
    return _page("live.html", desk.settings)


@router.get("/pages/orders/{order_id}")
async def one_order(order_id: AnOrderNumber, desk: TheDesk) -> HTMLResponse:
    return _page("order.html", desk.settings, order_id=str(order_id))


@router.get("/docs")
async def swagger() -> HTMLResponse:
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Order lifecycle",
        swagger_js_url=f"{SWAGGER}/swagger-ui-bundle.js",
        swagger_css_url=f"{SWAGGER}/swagger-ui.css",
        swagger_favicon_url=f"{SWAGGER}/favicon-32x32.png",
        # Swagger would have a page of its makers judge the contract, unless it is told not to.
        swagger_ui_parameters={
            "tryItOutEnabled": True,
            "displayRequestDuration": True,
            "validatorUrl": None,
        },
    )
    page.headers["Content-Security-Policy"] = SWAGGER_POLICY
    return page


class Assets(StaticFiles):
    """A browser asks each time whether a file is still the same: the page changes with the program."""

    def file_response(self, *args: Any, **more: Any) -> Response:
        """Return the file, or that it has not changed."""
        answer = super().file_response(*args, **more)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def static_files() -> StaticFiles:
    # Windows has them from its registry, where other programs leave their own; no browser runs a text/plain.
    mimetypes.add_type("text/javascript", ".js")
    mimetypes.add_type("text/css", ".css")
    return Assets(directory=ASSETS)


def _page(name: str, settings: Settings, **words: str) -> HTMLResponse:
    workflows = _workflows_in_temporals_ui(settings)
    text = Template((TEMPLATES / name).read_text(encoding="utf-8")).substitute(
        budget_seconds=f"{settings.order_budget_seconds:g}",
        review_mode=settings.review_mode.value,
        temporal_ui=escape(workflows),
        temporal_link=f'<a href="{escape(workflows)}">Temporal</a>' if workflows else "",
        **words,
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"})


def _workflows_in_temporals_ui(settings: Settings) -> str:
    """Where the embedded server shows workflows; where another server does is not known: empty."""
    if not settings.uses_embedded_temporal:
        return ""
    return f"http://{TEMPORAL_HOST}:{settings.temporal_ui_port}/namespaces/{NAMESPACE}/workflows"
