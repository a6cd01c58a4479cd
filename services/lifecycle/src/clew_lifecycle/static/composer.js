// The composer: its tabs, and drafts that survive a reload until they are sent. The composer itself may be redrawn.
export function wireComposer(page) {
  page.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) select(tab);
  });
  page.addEventListener("keydown", (event) => {
    if (!event.target.matches("[role=tab]") || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = [...tabsBeside(event.target)].find((tab) => tab !== event.target);
    if (!other) return;
    select(other);
    other.focus();
  });
  page.addEventListener("input", ({ target }) => {
    const form = target.closest("form[data-draft]");
    if (form && target.matches("textarea")) sessionStorage.setItem(keyOf(form), target.value);
  });
  page.addEventListener("submit", ({ target }) => target.matches("form[data-draft]") && sessionStorage.removeItem(keyOf(target)));
  for (const form of page.querySelectorAll("form[data-draft]")) restore(form);
}

function tabsBeside(tab) {
  return tab.closest("[role=tablist]").querySelectorAll("[role=tab]");
}

function select(chosen) {
  for (const tab of tabsBeside(chosen)) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  }
}

function restore(form) {
  const text = form.querySelector("textarea");
  if (!text.value) text.value = sessionStorage.getItem(keyOf(form)) ?? "";
}

function keyOf(form) {
  return `draft-${form.dataset.draft}`;
}
