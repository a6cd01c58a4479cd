// Ctrl/Cmd-K: go to a page or to a deal that the board shows.
import { el, showDialog } from "clew/dom.js";

let isOpen = false;

export function wirePalette() {
  for (const button of document.querySelectorAll("[data-open-palette]")) button.addEventListener("click", openPalette);
}

export async function openPalette() {
  if (isOpen || !document.getElementById("nav")) return;
  isOpen = true;
  const input = el("input", { type: "text", role: "combobox", placeholder: "Go to a page or a deal…", "aria-label": "Go to", "aria-expanded": "true", "aria-controls": "palette-list", autocomplete: "off" });
  const list = el("div", { class: "choices", id: "palette-list", role: "listbox", "aria-label": "Places" });
  const places = findPlaces();
  const show = () => fill(list, input, places);
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => walk(event, list, input));
  const { closed } = showDialog({ class: "dialog palette", "aria-label": "Go to" }, input, list);
  show();
  input.focus();
  await closed;
  isOpen = false;
}

function findPlaces() {
  const pages = [...document.querySelectorAll("#nav li a")].map((link) => ({ text: link.textContent.trim(), kind: "page", href: link.href }));
  const deals = [...document.querySelectorAll(".card[data-id]")].map((card) => ({ text: card.dataset.name, kind: "deal", href: `/deals/${card.dataset.id}` }));
  return [...pages, ...deals];
}

function fill(list, input, places) {
  const wanted = input.value.trim().toLowerCase();
  const search = wanted ? [{ text: `Search the board for “${input.value.trim()}”`, kind: "search", href: `/?q=${encodeURIComponent(input.value.trim())}` }] : [];
  const found = [...places.filter((place) => place.text.toLowerCase().includes(wanted)).slice(0, 40), ...search];
  list.replaceChildren(
    ...found.map((place, index) =>
      el("a", { class: "choice", role: "option", id: `place-${index}`, href: place.href, tabindex: "-1", "aria-selected": String(index === 0) }, place.text, el("span", { class: "muted" }, place.kind)),
    ),
  );
  input.setAttribute("aria-activedescendant", "place-0");
}

function walk(event, list, input) {
  const options = [...list.children];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "Enter") {
    event.preventDefault();
    options[at]?.click();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || options.length === 0) return;
  event.preventDefault();
  const next = options[(at + step + options.length) % options.length];
  options[at]?.setAttribute("aria-selected", "false");
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", next.id);
}
