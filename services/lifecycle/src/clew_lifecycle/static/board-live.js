// Keep the columns true: fetch those that changed and morph them in place, never while a card is being carried.
/* global htmx */
import { refreshTimes } from "clew/times.js";

const COALESCE_MS = 150;

export class LiveColumns {
  constructor(board) {
    this.board = board;
    this.stale = new Set();
    this.held = 0;
    this.timer = null;
    this.drawing = null;
    this.unfolded = new Set(new URLSearchParams(location.search).getAll("unfold"));
    document.body.addEventListener("live:deal", ({ detail }) => {
      if (detail.pipeline === board.dataset.pipeline) this.queue(detail.stages);
    });
    document.body.addEventListener("live:resync", () => this.queue(this.stages()));
  }

  stages() {
    return [...this.board.querySelectorAll(".col")].map((column) => column.dataset.stage);
  }

  /** Redraw these stages soon; many events become one request per column. */
  queue(stages) {
    for (const stage of stages) this.stale.add(stage);
    this.timer ??= setTimeout(() => this.flush(), COALESCE_MS);
  }

  /** Redraw what is stale, unless a card is carried or being saved: then when that is over. */
  async flush() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.board.isBusy || this.held || this.stale.size === 0) return;
    if (this.drawing) return void this.drawing.then(() => this.flush());
    const stages = [...this.stale];
    this.stale.clear();
    this.drawing = Promise.all(stages.map((stage) => this.draw(stage))).catch(() => this.queue(stages));
    await this.drawing;
    this.drawing = null;
    this.total();
  }

  async refresh(stages) {
    for (const stage of stages) this.stale.add(stage);
    await this.drawing;
    await this.flush();
  }

  /** Draw nothing until the returned function is called. */
  hold() {
    this.held += 1;
    return () => (this.held -= 1);
  }

  showMore(column) {
    column.dataset.limit = String(Number(column.dataset.limit) + 50);
    return this.refresh([column.dataset.stage]);
  }

  async fold(column, isFolded) {
    const stage = column.dataset.stage;
    if (isFolded) this.unfolded.delete(stage);
    else this.unfolded.add(stage);
    await this.refresh([stage]);
    this.board.column(stage).querySelector("[data-fold]")?.focus();
  }

  async filter(query) {
    for (const [name, value] of [...query]) if (!value || (name === "status" && value === "open")) query.delete(name);
    history.replaceState(history.state, "", query.size ? `/?${query}` : "/");
    for (const column of this.board.querySelectorAll(".col")) column.dataset.limit = "50";
    await this.refresh(this.stages());
  }

  async draw(stage) {
    const column = this.board.column(stage);
    if (!column) return;
    const query = new URLSearchParams(location.search);
    query.set("pipeline", this.board.dataset.pipeline);
    query.set("limit", column.dataset.limit);
    if (this.unfolded.has(stage)) query.set("unfold", "1");
    else query.delete("unfold");
    const answer = await fetch(`/board/columns/${encodeURIComponent(stage)}?${query}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(`column ${stage}: ${answer.status}`);
    const text = await answer.text();
    // Picked up, or dropped and not yet saved, while the answer was on its way: it does not know of that.
    if (this.board.isBusy || this.held) return void this.stale.add(stage);
    const focused = document.activeElement?.closest?.(".card")?.id;
    await htmx.swap({ text, target: column, swap: "outerMorph", sourceElement: this.board });
    this.board.dispatchEvent(new CustomEvent("clew:drawn"));
    refreshTimes(this.board);
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  /** The heading counts what the open columns count. */
  total() {
    const open = [...this.board.querySelectorAll(".col.open")];
    const sums = new Map();
    for (const pair of open.flatMap((column) => column.dataset.sums.split(" ").filter(Boolean))) {
      const [currency, amount] = pair.split(":");
      sums.set(currency, (sums.get(currency) ?? 0) + Number(amount));
    }
    const count = open.reduce((sum, column) => sum + Number(column.dataset.count), 0);
    document.getElementById("board-count").textContent = String(count);
    document.getElementById("board-total").textContent = [...sums].filter(([, sum]) => sum).map(([currency, sum]) => ` · ${money(currency, sum)}`).join("");
    if (count) document.getElementById("board-empty")?.remove();
  }
}

function money(currency, sum) {
  const digits = Number.isInteger(sum) ? 0 : 2;
  return new Intl.NumberFormat("en", { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(sum);
}
