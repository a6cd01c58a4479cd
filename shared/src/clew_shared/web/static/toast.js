// Short messages in the corner, and words for the screen reader.
import { el } from "clew/dom.js";

const SHOWN_MS = 6000;
const DONE = { sent: "Mail sent.", saved: "Saved.", added: "Added.", removed: "Removed.", replied: "Reply sent. It comes in like any other mail.", released: "Let through. It is on its way to a deal.", discarded: "Discarded.", restored: "Taken back.", retried: "It is tried again.", paused: "Paused. Nothing is read until it is resumed.", resumed: "Reading again.", nothing: "Nothing to do: somebody was faster." };

/** Show a message; `bad` ones stay until they are closed. */
export function toast(text, { bad = false, link } = {}) {
  const close = el("button", { class: "icon-button", type: "button", "aria-label": "Close" }, "×");
  const more = link && el("a", { href: link.href }, link.text);
  const box = el("div", { class: bad ? "toast bad" : "toast" }, el("p", {}, text, more ? " " : "", more), close);
  close.addEventListener("click", () => box.remove());
  document.getElementById("toasts").append(box);
  if (!bad) setTimeout(() => box.remove(), SHOWN_MS);
  say(text);
}

/** Let a screen reader say it at once; saying the same thing twice is heard twice. */
export function say(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  setTimeout(() => (live.textContent = text), 20);
}

/** After a form has come back with `?done=…`, as a page or as a fragment: say so once. */
export function greetDone() {
  document.addEventListener("htmx:after:request", ({ detail }) => {
    const url = detail.ctx?.response?.raw?.url;
    const word = url && new URL(url).searchParams.get("done");
    if (DONE[word]) toast(DONE[word]);
  });
  const done = document.body.dataset.done;
  if (!done) return;
  if (DONE[done]) toast(DONE[done]);
  const here = new URL(location.href);
  here.searchParams.delete("done");
  history.replaceState(history.state, "", here);
}
