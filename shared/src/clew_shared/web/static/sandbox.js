// The sandbox shows new mail as it is sent; what is being read or written stays as it is.
/* global htmx */
let timer = null;

function redrawList() {
  clearTimeout(timer);
  timer = setTimeout(() => htmx.ajax("GET", location.pathname + location.search, { target: "#mail-list", select: "#mail-list", swap: "outerMorph ignoreTitle:true" }), 200);
}

document.body.addEventListener("live:message", redrawList);
document.body.addEventListener("live:resync", redrawList);
document.addEventListener("change", ({ target }) => target.matches("[data-auto-submit] select") && target.form.requestSubmit());
