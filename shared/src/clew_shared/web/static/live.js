// One line of server-sent events per page, told on as DOM events on <body>.
// "live:<type>" carries the event's data, "live:resync" says that something may have been missed;
// a page without a line of its own gets "live:tick" every ten seconds while somebody looks at it.
const TICK_MS = 10_000;
const PATIENCE_MS = 2500;
const RETRY_MS = 4000;
const TYPES = ["deal", "message"];

let lost = null;

export function wireConnection() {
  const address = document.body.dataset.events;
  if (address) open(address);
  else setInterval(() => document.visibilityState === "visible" && tell("tick"), TICK_MS);
  addEventListener("offline", () => showLost(true));
  addEventListener("online", () => !lost && showLost(false));
}

function open(address) {
  const line = new EventSource(address);
  addEventListener("pagehide", () => line.close(), { once: true });
  line.addEventListener("open", found);
  line.addEventListener("error", () => {
    lost ??= setTimeout(() => showLost(true), PATIENCE_MS);
    // A refusal closes the line for good as far as the browser is concerned; a restart of the server looks like that.
    if (line.readyState === EventSource.CLOSED) setTimeout(() => open(address), RETRY_MS);
  });
  for (const type of TYPES) {
    line.addEventListener(type, (event) => tell(type, JSON.parse(event.data)));
  }
}

function found() {
  clearTimeout(lost);
  lost = null;
  showLost(false);
  // Something may have happened while the line was down, and between the drawing of the page and the first opening.
  tell("resync");
}

function showLost(isLost) {
  document.getElementById("connection").hidden = !isLost;
}

function tell(type, detail = null) {
  document.body.dispatchEvent(new CustomEvent(`live:${type}`, { detail }));
}
