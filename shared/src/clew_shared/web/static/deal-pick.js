// Find a deal by its title while typing; what is sent is its id. Without scripts the address of its page does.
import { el } from "clew/dom.js";
import { sendOnce } from "clew/once.js";

const PAUSE_MS = 200;
const MOST = 8;

wireAll();
// A part of the page that was fetched later has fields of its own.
document.addEventListener("htmx:after:swap", wireAll);
sendOnce();

function wireAll() {
  for (const input of document.querySelectorAll("[data-deal-pick] > input[name]:not([type=hidden])")) wire(input);
}

function wire(input) {
  const sent = el("input", { type: "hidden", name: input.name });
  const list = el("div", { class: "choices pick-list", id: `${input.id}-list`, role: "listbox", "aria-label": "Deals", hidden: true });
  input.removeAttribute("name");
  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" })) input.setAttribute(name, value);
  input.after(list, sent);
  let timer = null;
  let asked = 0;
  const close = () => show(input, list, []);
  const choose = (deal) => {
    input.value = deal.title;
    sent.value = deal.id;
    close();
  };
  input.addEventListener("input", () => {
    sent.value = input.value;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++asked;
      const found = await find(input.value.trim());
      if (mine === asked) show(input, list, found, choose);
    }, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => walk(event, input, list));
  input.addEventListener("blur", () => setTimeout(close, 150));
}

async function find(words) {
  if (words.length < 2) return [];
  const query = new URLSearchParams({ q: words, status: "all", limit: String(MOST) });
  const answer = await fetch(`/api/v1/deals?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ? (await answer.json()).items : [];
}

function show(input, list, deals, choose) {
  list.replaceChildren(
    ...deals.map((deal, index) =>
      el(
        "button",
        { class: "choice", type: "button", role: "option", id: `${list.id}-${index}`, tabindex: "-1", "aria-selected": "false", onmousedown: (event) => event.preventDefault(), onclick: () => choose(deal) },
        deal.title,
        el("span", { class: "muted" }, [...new Set([deal.contact?.name, deal.contact?.email]), deal.status].filter(Boolean).join(", ")),
      ),
    ),
  );
  list.hidden = deals.length === 0;
  input.setAttribute("aria-expanded", String(deals.length > 0));
  input.removeAttribute("aria-activedescendant");
}

function walk(event, input, list) {
  const options = [...list.children];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "Escape" && options.length) {
    event.preventDefault();
    return show(input, list, []);
  }
  if (event.key === "Enter" && at >= 0) {
    event.preventDefault();
    return options[at].click();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || options.length === 0) return undefined;
  event.preventDefault();
  const next = options[(at + step + options.length) % options.length];
  options[at]?.setAttribute("aria-selected", "false");
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
  return input.setAttribute("aria-activedescendant", next.id);
}
