// The company page redraws itself when one of its deals changes.
import { redrawSoon } from "clew/page-live.js";

const id = document.getElementById("company").dataset.id;

document.body.addEventListener("live:deal", ({ detail }) => detail.company === id && redrawSoon(["#company-main"]));
document.body.addEventListener("live:resync", () => redrawSoon(["#company-main"]));
