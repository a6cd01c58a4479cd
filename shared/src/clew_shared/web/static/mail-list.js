// Look again for received mail and the state of mailboxes every few seconds; opened entries stay open.
/* global htmx */
async function lookAgain() {
  const answer = await fetch(location.pathname + location.search, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return;
  const text = await answer.text();
  const open = [...document.querySelectorAll("#received li:has(> details[open])")].map((entry) => entry.id);
  for (const selector of ["#received", "#verdicts"]) {
    const target = document.querySelector(selector);
    if (target) await htmx.swap({ text, target, select: selector, swap: "outerMorph ignoreTitle:true", sourceElement: document.body });
  }
  for (const id of open) document.querySelector(`#${CSS.escape(id)} > details`)?.setAttribute("open", "");
}

document.body.addEventListener("live:tick", lookAgain);
