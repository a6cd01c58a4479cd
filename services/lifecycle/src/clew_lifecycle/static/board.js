// <deal-board>: the board's parts put together: dragging, keys, menus, live columns, new deals, filters.
import { openAdd } from "clew/board-add.js";
import { makeDraggable } from "clew/board-drag.js";
import { handleKey, rove } from "clew/board-keys.js";
import { LiveColumns } from "clew/board-live.js";
import { chooseStage } from "clew/board-move.js";

class DealBoard extends HTMLElement {
  connectedCallback() {
    this.allowed = JSON.parse(this.dataset.allowed);
    this.picked = null;
    this.columns = new LiveColumns(this);
    this.addEventListener("keydown", (event) => handleKey(this, event));
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("focusin", (event) => event.target.matches(".card") && rove(this, event.target));
    this.addEventListener("clew:drawn", () => this.wire());
    this.wire();
  }

  /** True while somebody carries a card: nothing may be redrawn then. */
  get isBusy() {
    return Boolean(this.picked) || "dragging" in this.dataset;
  }

  mayMove(from, to) {
    return from === to || (this.allowed[from] ?? []).includes(to);
  }

  column(stage) {
    return this.querySelector(`.col[data-stage="${CSS.escape(stage)}"]`);
  }

  /** Show where the card that comes from `stage` may go; null when nothing is carried any more. */
  mark(stage) {
    if (stage === null) delete this.dataset.dragging;
    else this.dataset.dragging = stage;
    for (const column of this.querySelectorAll(".col")) {
      const isHome = column.dataset.stage === stage;
      column.classList.toggle("home", isHome);
      column.classList.toggle("allow", stage !== null && !isHome && this.mayMove(stage, column.dataset.stage));
    }
    if (stage === null) this.columns.flush();
  }

  wire() {
    for (const list of this.querySelectorAll(".list")) makeDraggable(this, list);
    rove(this);
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if ("move" in button.dataset) chooseStage(this, button.closest(".card"));
    else if ("add" in button.dataset) openAdd(this, button.dataset.add);
    else if ("more" in button.dataset) this.columns.showMore(button.closest(".col"));
    else if ("fold" in button.dataset) this.columns.fold(button.closest(".col"), button.dataset.fold === "yes");
  }
}

customElements.define("deal-board", DealBoard);

const board = document.querySelector("deal-board");
document.querySelector(".page-head [data-add]")?.addEventListener("click", (event) => openAdd(board, event.currentTarget.dataset.add));
document.addEventListener("keydown", (event) => {
  const isFree = !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key !== "n" || !isFree || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  openAdd(board, board.querySelector(".col.open")?.dataset.stage);
});

const filters = document.getElementById("board-filters");
let waiting;
filters.addEventListener("submit", (event) => {
  event.preventDefault();
  board.columns.filter(new URLSearchParams(new FormData(filters)));
});
filters.addEventListener("change", (event) => {
  if (event.target.name === "pipeline") location.assign(`/?pipeline=${encodeURIComponent(event.target.value)}`);
  else filters.requestSubmit();
});
filters.addEventListener("input", (event) => {
  if (event.target.type !== "search") return;
  clearTimeout(waiting);
  waiting = setTimeout(() => filters.requestSubmit(), 250);
});
