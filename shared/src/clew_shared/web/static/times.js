// Keep every <time datetime> an age ("5 min", "3 h", "12 d"), with the exact local time as its tooltip.
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export function keepTimesFresh() {
  refreshTimes(document);
  setInterval(() => refreshTimes(document), 30_000);
  document.addEventListener("htmx:after:swap", () => refreshTimes(document));
}

export function refreshTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime()) || "plain" in time.dataset) continue;
    const text = ago(moment);
    if (time.textContent !== text) time.textContent = text;
    time.title = exact.format(moment);
  }
}

function ago(moment) {
  const seconds = (Date.now() - moment.getTime()) / 1000;
  if (seconds < 45) return "now";
  if (seconds < HOUR) return `${Math.max(1, Math.floor(seconds / MINUTE))} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  if (seconds < 60 * DAY) return `${Math.floor(seconds / DAY)} d`;
  return day.format(moment);
}
