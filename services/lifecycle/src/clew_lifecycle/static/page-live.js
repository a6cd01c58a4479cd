// Fetch this page again and morph named regions in place; what the person is typing lies outside of them.
/* global htmx */
const COALESCE_MS = 200;
let timer = null;

/** Redraw the regions (selectors of elements with an id) soon; many events become one request. */
export function redrawSoon(selectors) {
  timer ??= setTimeout(() => redraw(selectors), COALESCE_MS);
}

export async function redraw([first, ...others]) {
  clearTimeout(timer);
  timer = null;
  const selectOOB = others.map((selector) => `${selector}:outerMorph`).join(",");
  const address = location.pathname + location.search;
  await htmx.ajax("GET", address, { target: first, select: first, selectOOB: selectOOB || undefined, swap: "outerMorph ignoreTitle:true" });
}
