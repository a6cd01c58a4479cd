// The deal page: stage buttons, dialogs, the composer, older entries, live.
/* global htmx */
import { Problem } from "clew/ask.js";
import { wireComposer } from "clew/composer.js";
import { moveDeal } from "clew/move.js";
import { redraw, redrawSoon } from "clew/page-live.js";
import { say, toast } from "clew/toast.js";

const REGIONS = ["#deal-head", "#timeline", "#deal-side"];
const page = document.getElementById("deal");
const id = page.dataset.id;

async function moveTo(button) {
  const { to, name } = button.dataset;
  if (button.hasAttribute("aria-current")) return;
  if (button.getAttribute("aria-disabled") === "true") return say(button.title);
  try {
    const moved = await moveDeal(id, { to, after: null, before: null }, name);
    if (moved) say(`Moved to ${name}.`);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    toast(`Not moved: ${problem.message}`, { bad: true });
  }
  await redraw(REGIONS);
}

async function showOlder(link) {
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return toast("Older entries could not be loaded.", { bad: true });
  const text = await answer.text();
  await htmx.swap({ text, target: document.getElementById("timeline"), select: "#timeline > li", swap: "beforeend", sourceElement: document.body });
  await htmx.swap({ text, target: document.getElementById("older"), select: "#older", swap: "outerHTML", sourceElement: document.body });
  olderShown = true;
}

let olderShown = false;

function changed() {
  // With older entries on show, a redraw of the timeline would fold them away again.
  redrawSoon(olderShown ? ["#deal-head", "#deal-side"] : REGIONS);
}

page.addEventListener("click", (event) => {
  const button = event.target.closest("button, a");
  if (!button) return;
  if (button.dataset.to) moveTo(button);
  else if (button.dataset.openDialog) document.getElementById(button.dataset.openDialog).showModal();
  else if ("closeDialog" in button.dataset) button.closest("dialog").close();
  else if ("older" in button.dataset) {
    event.preventDefault();
    showOlder(button);
  }
});
page.addEventListener("change", (event) => "submitOnChange" in event.target.dataset && event.target.form.requestSubmit());
document.body.addEventListener("live:deal", ({ detail }) => detail.deal === id && changed());
document.body.addEventListener("live:resync", changed);
document.querySelector("dialog[data-open]")?.showModal();
wireComposer(page);
