// JSON requests to our own server, with problems (RFC 9457) as values one can show.

/** A refusal: `status`, `detail` (a sentence) and `errors` [{pointer, label, code, message}]. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || "The server could not be reached.");
    this.status = status;
    this.errors = body?.errors ?? [];
  }
}

/** POST `body` as JSON; resolves with the answer's JSON (or null), rejects with a Problem. */
export async function post(url, body) {
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, null);
  }
  if (answer.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  const text = await answer.text();
  const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
  const parsed = isJson && text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Problem(answer.status, parsed ?? { detail: `The server answered ${answer.status}.` });
  return parsed;
}
