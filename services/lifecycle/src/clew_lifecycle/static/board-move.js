// Tell the server that a card has moved; ask for what is missing; put it back when it is refused.
import { Problem } from "clew/ask.js";
import { el, showDialog } from "clew/dom.js";
import { moveDeal } from "clew/move.js";
import { say, toast } from "clew/toast.js";

/** Save where `card` now lies; `home` {list, next} is where it came from. */
export async function moveCard(board, card, home) {
  const list = card.closest(".list");
  const stage = list.dataset.stage;
  const name = board.column(stage).dataset.name;
  const id = card.dataset.id;
  const place = { to: stage, after: idOf(card.previousElementSibling), before: idOf(card.nextElementSibling) };
  const release = board.columns.hold();
  try {
    const moved = await moveDeal(id, place, name);
    if (moved) say(list === home.list ? `${card.dataset.name} moved within ${name}.` : `${card.dataset.name} moved to ${name}.`);
    else putBack(card, home);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    putBack(card, home);
    toast(`${card.dataset.name} was not moved: ${problem.message}`, { bad: true });
  }
  release();
  await board.columns.refresh([stage, home.list.dataset.stage]);
  document.getElementById(`card-${id}`)?.focus({ preventScroll: true });
}

/** Offer every stage as a list ("Move to…"): for phones, and for whoever likes it better. */
export async function chooseStage(board, card) {
  const home = { list: card.closest(".list"), next: card.nextElementSibling };
  const from = home.list.dataset.stage;
  const choices = [...board.querySelectorAll(".col")].filter((column) => column.dataset.stage !== from).map((column) => choice(board, from, column));
  const title = el("h2", { id: "move-title" }, `Move ${card.dataset.name} to`);
  const cancel = el("button", { class: "button quiet", value: "" }, "Cancel");
  const form = el("form", { method: "dialog" }, title, el("div", { class: "choices" }, ...choices), el("div", { class: "dialog-actions" }, cancel));
  const { closed } = showDialog({ "aria-labelledby": "move-title" }, form);
  const stage = await closed;
  if (!stage || !card.isConnected) return;
  board.column(stage).querySelector(".list").prepend(card);
  await moveCard(board, card, home);
}

export function putBack(card, { list, next }) {
  if (next?.isConnected && next.parentElement === list) next.before(card);
  else list.append(card);
}

function choice(board, from, column) {
  const mayMove = board.mayMove(from, column.dataset.stage);
  const note = mayMove ? column.dataset.count : "not allowed from here";
  return el("button", { class: "choice", value: column.dataset.stage, disabled: !mayMove, "aria-disabled": mayMove ? null : "true" }, column.dataset.name, el("span", { class: "muted" }, note));
}

function idOf(card) {
  return card?.dataset.id ?? null;
}
