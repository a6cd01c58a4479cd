// Walk over the board and carry cards with the keyboard.
import { chooseStage, moveCard, putBack } from "clew/board-move.js";
import { say } from "clew/toast.js";

/** Exactly one card is in the tab order: `card`, else the one that was, else the first. */
export function rove(board, card = null) {
  const cards = [...board.querySelectorAll(".card")];
  const chosen = card ?? cards.find((other) => other.id === board.rovingId) ?? cards[0];
  board.rovingId = chosen?.id;
  for (const other of cards) other.tabIndex = other === chosen ? 0 : -1;
}

export function handleKey(board, event) {
  const card = event.target.closest(".card");
  if (!card || event.target !== card || event.ctrlKey || event.metaKey || event.altKey) return;
  const handled = board.picked ? carry(board, card, event.key) : walk(board, card, event.key);
  if (handled) event.preventDefault();
}

function walk(board, card, key) {
  if (key === " ") pickUp(board, card);
  else if (key === "Enter") card.querySelector(".card-title").click();
  else if (key === "m" || key === "M") chooseStage(board, card);
  else return step(board, card, key);
  return true;
}

function step(board, card, key) {
  const list = card.closest(".list");
  const cards = [...list.querySelectorAll(".card")];
  const at = cards.indexOf(card);
  let next = { ArrowDown: cards[at + 1], ArrowUp: cards[at - 1], Home: cards[0], End: cards.at(-1) }[key];
  const direction = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (direction) next = nearest(board, list, direction, at);
  next?.focus();
  return Boolean(direction) || ["ArrowDown", "ArrowUp", "Home", "End"].includes(key);
}

function nearest(board, list, direction, at) {
  const lists = [...board.querySelectorAll(".list")];
  for (let i = lists.indexOf(list) + direction; i >= 0 && i < lists.length; i += direction) {
    const cards = lists[i].querySelectorAll(".card");
    if (cards.length) return cards[Math.min(at, cards.length - 1)];
  }
  return null;
}

function pickUp(board, card) {
  const list = card.closest(".list");
  const stage = list.dataset.stage;
  board.picked = { card, list, next: card.nextElementSibling };
  card.classList.add("picked");
  board.mark(stage);
  const open = [...board.querySelectorAll(".col.allow")].map((column) => column.dataset.name);
  say(`Picked up ${card.dataset.name}. Allowed stages: ${open.join(", ") || "none"}. Arrow keys carry it, Space drops, Escape cancels.`);
}

function carry(board, card, key) {
  const direction = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (direction) carryAcross(board, card, direction);
  else if (key === "ArrowDown") swapWith(card, card.nextElementSibling, "after");
  else if (key === "ArrowUp") swapWith(card, card.previousElementSibling, "before");
  else if (key === " " || key === "Enter") drop(board, card);
  else if (key === "Escape") cancel(board, card);
  else return key !== "Tab";
  return true;
}

function carryAcross(board, card, direction) {
  const lists = [...board.querySelectorAll(".list")];
  for (let i = lists.indexOf(card.closest(".list")) + direction; i >= 0 && i < lists.length; i += direction) {
    if (!board.mayMove(board.picked.list.dataset.stage, lists[i].dataset.stage)) continue;
    if (lists[i] === board.picked.list) putBack(card, board.picked);
    else lists[i].prepend(card);
    card.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    say(`${card.dataset.name} over ${lists[i].closest(".col").dataset.name}.`);
    return;
  }
  say("No further stage accepts it.");
}

function swapWith(card, other, side) {
  if (!other) return;
  other[side](card);
  card.focus();
  const cards = [...card.parentElement.children];
  say(`Position ${cards.indexOf(card) + 1} of ${cards.length}.`);
}

function drop(board, card) {
  const home = board.picked;
  const isBack = card.closest(".list") === home.list && card.nextElementSibling === home.next;
  letGo(board, card);
  if (isBack) say(`${card.dataset.name} stays where it was.`);
  else moveCard(board, card, home);
}

function cancel(board, card) {
  putBack(card, board.picked);
  letGo(board, card);
  card.focus();
  say("Move cancelled.");
}

function letGo(board, card) {
  card.classList.remove("picked");
  board.picked = null;
  board.mark(null);
}
