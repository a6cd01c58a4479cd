// The form of a mailbox shows what the chosen way needs, and a trial says that it is under way.
const SERVERS = { microsoft_app: "outlook.office365.com", microsoft_user: "outlook.office365.com", google_user: "imap.gmail.com" };

function showNeeded(form) {
  const chosen = ["sign_in", "after"].map((name) => form.elements[name]?.value);
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").some((way) => chosen.includes(way));
}

for (const form of document.querySelectorAll("form[data-mailbox]")) {
  showNeeded(form);
  form.addEventListener("change", ({ target }) => {
    showNeeded(form);
    const host = form.elements.host;
    if (target.name === "sign_in" && SERVERS[target.value] && (!host.value || Object.values(SERVERS).includes(host.value))) host.value = SERVERS[target.value];
  });
  form.querySelector("[aria-invalid]")?.focus();
}

// What a trial found may belong into a field that is folded away.
document.addEventListener("htmx:after:swap", () => {
  const about = document.querySelector("#trial [data-about]")?.dataset.about;
  document.querySelector(`form[data-mailbox] [name="${about}"]`)?.closest("details")?.setAttribute("open", "");
});

document.addEventListener("htmx:before:request", ({ target }) => {
  const button = target.closest?.("[data-tries]");
  if (!button) return;
  const named = button.matches("button") ? button : button.querySelector("button");
  named.dataset.label = named.textContent;
  named.textContent = "Testing…";
  named.setAttribute("aria-disabled", "true");
});
document.addEventListener("htmx:finally:request", ({ target }) => {
  const named = target.closest?.("[data-tries]")?.closest("form")?.querySelector("[data-label]");
  if (!named) return;
  named.textContent = named.dataset.label;
  named.removeAttribute("aria-disabled");
  delete named.dataset.label;
});
