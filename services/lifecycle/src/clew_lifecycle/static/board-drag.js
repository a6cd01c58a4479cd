// Carry a card with the pointer. SortableJS does the carrying; where a card may land is ours.
/* global Sortable */
import { moveCard, putBack } from "clew/board-move.js";
import { say } from "clew/toast.js";

const phone = matchMedia("(max-width: 760px)");

export function makeDraggable(board, list) {
  if (Sortable.get(list)) return;
  let home = null;
  Sortable.create(list, {
    // `put` hears Sortable objects, not elements.
    group: { name: "deals", put: (to, from) => board.mayMove(from.el.dataset.stage, to.el.dataset.stage) },
    draggable: ".card",
    filter: "button",
    preventOnFilter: false,
    // Pointer events instead of HTML drag and drop: the same on touch, and it can be tested.
    forceFallback: true,
    fallbackOnBody: true,
    fallbackTolerance: 5,
    animation: 130,
    delay: 180,
    delayOnTouchOnly: true,
    disabled: phone.matches,
    scrollSensitivity: 70,
    onStart: ({ item, from }) => {
      home = { list: from, next: item.nextElementSibling };
      board.mark(from.dataset.stage);
    },
    onMove: ({ to }) => {
      for (const column of board.querySelectorAll(".col")) column.classList.toggle("target", column.contains(to));
    },
    onEnd: (event) => finish(board, event, home),
  });
}

function finish(board, { item, from, to, oldIndex, newIndex, originalEvent }, home) {
  for (const column of board.querySelectorAll(".target")) column.classList.remove("target");
  swallowNextClick(board);
  const stayed = from === to && oldIndex === newIndex;
  const target = columnUnder(originalEvent);
  if (target !== to.closest(".col")) {
    // Let go over a stage that refuses it: Sortable would leave it in the last one that did not.
    putBack(item, home);
    board.mark(null);
    if (target) refuse(board, item, target);
    return;
  }
  board.mark(null);
  if (!stayed) moveCard(board, item, home);
}

function columnUnder(event) {
  const point = event.changedTouches?.[0] ?? event;
  return document.elementFromPoint(point.clientX, point.clientY)?.closest(".col") ?? null;
}

function refuse(board, card, column) {
  say(`Not moved: ${column.dataset.name} does not take ${card.dataset.name} from ${board.column(card.closest(".list").dataset.stage).dataset.name}.`);
  column.classList.add("refused");
  setTimeout(() => column.classList.remove("refused"), 600);
}

/** The click that ends a drag must not open the card. */
function swallowNextClick(board) {
  const swallow = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  board.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => board.removeEventListener("click", swallow, { capture: true }), 60);
}
