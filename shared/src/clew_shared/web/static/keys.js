// Keys that work on every page: Ctrl/Cmd-K, "?" for the sheet, "/" to search, "g" and a letter to go, Ctrl-Enter to send.
import { el, showDialog } from "clew/dom.js";
import { openPalette } from "clew/palette.js";

const GO = { b: "/", c: "/contacts", o: "/companies", m: "/mail", f: "/forms", s: "/sandbox" };
const SHEET = [
  ["Ctrl K", "Go to a page or a deal"],
  ["/", "Search on this page"],
  ["g b · g m · g s", "Board, Mail, Sandbox (g c contacts, g o companies, g f forms)"],
  ["↑ ↓ ← →", "Board: walk over the cards"],
  ["Space", "Board: pick the card up; arrows carry it, Space drops, Escape cancels"],
  ["Enter", "Board: open the card"],
  ["m", "Board: Move to…"],
  ["n", "Board: new deal"],
  ["Ctrl Enter", "Send what you wrote"],
  ["?", "This sheet"],
];
const GO_MS = 1200;

let going = 0;

export function wireKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const withControl = event.ctrlKey || event.metaKey;
    if (withControl && event.key.toLowerCase() === "k") return act(event, openPalette);
    if (withControl && event.key === "Enter") return act(event, () => event.target.form?.requestSubmit());
    if (withControl || event.altKey || isWriting(event.target) || document.querySelector("dialog[open]")) return;
    if (event.timeStamp - going < GO_MS && GO[event.key]) return act(event, () => location.assign(GO[event.key]));
    going = event.key === "g" ? event.timeStamp : 0;
    if (event.key === "?") return act(event, showSheet);
    const search = document.querySelector("input[type=search]");
    if (event.key === "/" && search) return act(event, () => search.focus());
  });
}

function act(event, does) {
  event.preventDefault();
  does();
}

function isWriting(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function showSheet() {
  const rows = SHEET.flatMap(([keys, meaning]) => [el("dt", {}, el("kbd", {}, keys)), el("dd", {}, meaning)]);
  const close = el("button", { class: "button", value: "", autofocus: true }, "Close");
  showDialog(
    { "aria-labelledby": "sheet-title" },
    el("form", { method: "dialog" }, el("h2", { id: "sheet-title" }, "Keys"), el("dl", { class: "keys" }, ...rows), el("div", { class: "dialog-actions" }, close)),
  );
}
