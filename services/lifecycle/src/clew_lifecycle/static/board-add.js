// A new deal in a few words, straight into a column.
import { Problem, post } from "clew/ask.js";
import { el, showDialog } from "clew/dom.js";
import { toast } from "clew/toast.js";

const FIELDS = [
  { name: "title", label: "What is it about?", required: true },
  { name: "name", label: "Contact", hint: "Optional" },
  { name: "email", label: "Their email address", type: "email", hint: "Optional; later mails from it come to this deal" },
  { name: "company", label: "Company", hint: "Optional" },
  { name: "amount", label: "Amount", inputmode: "decimal", hint: "Optional" },
];

export async function openAdd(board, stage) {
  const column = board.column(stage);
  const form = el("form", { novalidate: true }, el("h2", { id: "add-heading" }, `New deal in ${column.dataset.name}`), ...FIELDS.map(row));
  const cancel = el("button", { class: "button quiet", type: "button" }, "Cancel");
  form.append(el("div", { class: "dialog-actions" }, cancel, el("button", { class: "button primary" }, "Add deal")));
  const { dialog, closed } = showDialog({ "aria-labelledby": "add-heading" }, form);
  cancel.addEventListener("click", () => dialog.close(""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const made = await save(form, { stage, pipeline: board.dataset.pipeline });
    if (made) dialog.close(made.id);
  });
  form.elements.title.focus();
  const id = await closed;
  if (!id) return;
  await board.columns.refresh([stage]);
  toast("Deal added.", { link: { href: `/deals/${id}`, text: "Open it" } });
  document.getElementById(`card-${id}`)?.focus();
}

async function save(form, place) {
  const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim()));
  showErrors(form, []);
  if (!given.title) {
    showErrors(form, [{ pointer: "/title", message: "Say in a few words what it is about." }]);
    return null;
  }
  try {
    return await post("/deals", { ...given, ...place });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    showErrors(form, problem.errors.length ? problem.errors : [{ pointer: "/title", message: problem.message }]);
    return null;
  }
}

function row({ name, label, hint, ...attributes }) {
  const id = `add-${name}`;
  return el(
    "div",
    { class: "field" },
    el("label", { for: id }, label),
    hint ? el("p", { class: "hint", id: `${id}-hint` }, hint) : null,
    el("input", { id, name, autocomplete: "off", "aria-describedby": hint ? `${id}-hint ${id}-error` : `${id}-error`, ...attributes }),
    el("p", { class: "error", id: `${id}-error`, hidden: true }),
  );
}

function showErrors(form, errors) {
  for (const { name } of FIELDS) {
    const found = errors.find((error) => error.pointer === `/${name}`);
    const words = document.getElementById(`add-${name}-error`);
    words.hidden = !found;
    words.textContent = found ? (found.message ?? found.code) : "";
    form.elements[name].setAttribute("aria-invalid", String(Boolean(found)));
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}
