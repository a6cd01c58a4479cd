"""The demo company's web site: one page with clew's form on it, on an origin of its own."""

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fernwood Furniture</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ margin: 0; font: 17px/1.6 system-ui, sans-serif; background: light-dark(#fbfaf7, #161614);
         color: light-dark(#22211d, #ebe9e2) }}
  header, main {{ max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem }}
  h1 {{ font: 600 2.6rem/1.15 Georgia, serif; margin: 0 0 .5rem }}
  .lead {{ font-size: 1.2rem; opacity: .8 }}
  iframe {{ width: 100%; border: 0 }}
</style>
</head>
<body>
<header>
  <h1>Fernwood Furniture</h1>
  <p class="lead">Tables and chairs for schools, halls and offices. Made in oak, delivered in spring.</p>
</header>
<main>
  <p>Tell us what you need. This page is not clew's: it stands on an origin of its own, and the form below is embedded
  with one line.</p>
  <script async src="{origin}/f/contact/embed.js"></script>
  <noscript><p><a href="{origin}/f/contact">Write to us</a></p></noscript>
</main>
</body>
</html>
"""


def demo_site(origin: str) -> web.Application:
    """Build the site; `origin` is where clew's form is."""

    async def home(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE.format(origin=origin), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", home)
    return app
