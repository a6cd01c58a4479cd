// Choose several entries of a list and do one thing with all of them.
import { sendOnce } from "clew/once.js";
import { toast } from "clew/toast.js";

function boxes(form) {
  return [...form.querySelectorAll('input[type="checkbox"][name="mail"]')];
}

function count(form) {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked);
  const every = form.querySelector("[data-choose-all]");
  const told = form.querySelector("[data-chosen]");
  if (!every || !told) return;
  every.checked = all.length > 0 && chosen.length === all.length;
  every.indeterminate = chosen.length > 0 && chosen.length < all.length;
  told.textContent = chosen.length ? `${chosen.length} chosen` : "";
  form.querySelectorAll("[data-chosen] ~ .chooser-tools button").forEach((button) => button.setAttribute("aria-disabled", String(chosen.length === 0)));
}

for (const form of document.querySelectorAll("form[data-choose]")) {
  form.addEventListener("change", ({ target }) => {
    if (target.matches("[data-choose-all]")) for (const box of boxes(form)) box.checked = target.checked;
    count(form);
  });
  form.addEventListener("submit", (event) => {
    if (boxes(form).some((box) => box.checked)) return;
    event.preventDefault();
    toast("Choose a mail first.", { bad: true });
  });
  document.addEventListener("htmx:after:swap", () => count(form));
  count(form);
}
sendOnce();
