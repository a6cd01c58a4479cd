// Move a deal; a workflow that wants more (a reason, an amount) is answered by asking for it.
import { post } from "clew/ask.js";
import { el, showDialog } from "clew/dom.js";

const TOP_LEVEL = ["lost_reason", "lost_note"];
const DATES = ["expected_close"];

/** POST the move; resolves with the deal, or null when the person gave up; rejects with a Problem when it is refused. */
export async function moveDeal(id, place, stageName) {
  let given = {};
  for (;;) {
    try {
      return await post(`/deals/${id}/move`, { ...place, ...given });
    } catch (problem) {
      if (problem.status !== 422 || !problem.errors?.length) throw problem;
      const more = await askFields(problem.errors, stageName);
      if (!more) return null;
      given = { ...given, ...more, patch: { ...given.patch, ...more.patch } };
    }
  }
}

async function askFields(errors, stageName) {
  const rows = errors.map(row);
  const form = el("form", { method: "dialog" }, el("h2", { id: "ask-title" }, `To move it to ${stageName}`), ...rows);
  wireReason(form);
  form.append(
    el("div", { class: "dialog-actions" }, el("button", { class: "button quiet", value: "", formnovalidate: true }, "Cancel"), el("button", { class: "button primary", value: "go" }, "Move")),
  );
  const { closed } = showDialog({ "aria-labelledby": "ask-title" }, form);
  form.querySelector("input, select, textarea")?.focus();
  if ((await closed) !== "go") return null;
  return collect(new FormData(form));
}

function nameOf(pointer) {
  return pointer.replace(/^\/(patch\/)?/, "");
}

function row(error) {
  const name = nameOf(error.pointer);
  const id = `ask-${name.replaceAll("/", "-")}`;
  const input = inputFor(name);
  input.id = id;
  const words = error.code === "required" ? null : el("p", { class: "error", id: `${id}-error` }, error.message ?? error.code);
  if (words) input.setAttribute("aria-describedby", words.id);
  return el("div", { class: "field", "data-field": name }, el("label", { for: id }, error.label ?? name), input, words);
}

function inputFor(name) {
  const reasons = document.getElementById("lost-reasons");
  if (name === "lost_reason" && reasons) return reasons.content.firstElementChild.cloneNode(true);
  if (name === "lost_note") return el("textarea", { name, rows: "3", required: true });
  if (DATES.includes(name)) return el("input", { name, type: "date", required: true });
  if (name === "amount") return el("input", { name, inputmode: "decimal", required: true, autocomplete: "off" });
  return el("input", { name, required: true, autocomplete: "off" });
}

/** A reason like "Other" wants a note: ask for it at once, not in a second round. */
function wireReason(form) {
  const reason = form.querySelector("select[name=lost_reason]");
  if (!reason || form.querySelector("[name=lost_note]")) return;
  const note = el("textarea", { name: "lost_note", id: "ask-lost_note", rows: "2" });
  const mark = el("span", { class: "muted" }, " (optional)");
  form.append(el("div", { class: "field" }, el("label", { for: "ask-lost_note" }, "Note", mark), note));
  reason.addEventListener("change", () => {
    note.required = "needsNote" in (reason.selectedOptions[0]?.dataset ?? {});
    mark.hidden = note.required;
  });
}

function collect(data) {
  const answers = { patch: {} };
  for (const [name, value] of data) {
    if (TOP_LEVEL.includes(name)) answers[name] = value;
    else answers.patch[name] = value;
  }
  return answers;
}
