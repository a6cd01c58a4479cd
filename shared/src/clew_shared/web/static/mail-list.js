// Look again for received mail and the state of mailboxes every few seconds; whoever is at work there is left in peace.
/* global htmx */
async function lookAgain() {
  if (isBusy()) return;
  const answer = await fetch(location.pathname + location.search, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok || isBusy()) return;
  const text = await answer.text();
  for (const selector of ["#received", "#verdicts"]) {
    const target = document.querySelector(selector);
    if (target) await htmx.swap({ text, target, select: selector, swap: "outerMorph ignoreTitle:true", sourceElement: document.body });
  }
}

function isBusy() {
  return Boolean(document.querySelector("#received :checked, #received :focus-visible, #received details[open], form[data-sent]"));
}

document.body.addEventListener("live:tick", lookAgain);
document.addEventListener("change", ({ target }) => target.matches("[data-auto-submit] select, [data-auto-submit] input[type=date]") && target.form.requestSubmit());
