// What became of a mail is decided elsewhere, mostly within a second: show it when it is known.
/* global htmx */
const PAUSE_MS = 700;
const MOST_LOOKS = 8;

let looks = 0;
const isOnItsWay = () => Boolean(document.querySelector("#fate[data-on-its-way]"));

async function look() {
  looks += 1;
  const answer = await fetch(location.pathname, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.ok) await htmx.swap({ text: await answer.text(), target: document.querySelector("#fate"), select: "#fate", swap: "outerMorph ignoreTitle:true", sourceElement: document.body });
  if (isOnItsWay() && looks < MOST_LOOKS) setTimeout(look, PAUSE_MS);
}

if (isOnItsWay()) setTimeout(look, PAUSE_MS);
document.body.addEventListener("live:tick", () => isOnItsWay() && looks >= MOST_LOOKS && look());
