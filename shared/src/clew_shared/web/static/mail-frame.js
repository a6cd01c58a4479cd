// Give the frame that shows a mail's HTML the height of its content; it may not run scripts of its own.
const TALLEST = 6000;

function fit(frame) {
  // A document is never lower than its frame: make the frame low before measuring.
  frame.style.height = "40px";
  const height = frame.contentDocument?.documentElement?.scrollHeight;
  if (height) frame.style.height = `${Math.min(height + 2, TALLEST)}px`;
}

function wire() {
  for (const frame of document.querySelectorAll("iframe.mail-html:not([data-wired])")) {
    frame.dataset.wired = "";
    frame.addEventListener("load", () => fit(frame));
    fit(frame);
  }
}

// What is folded away is fetched when somebody looks.
document.addEventListener("toggle", ({ target }) => {
  const frame = target.open && target.querySelector?.("iframe[data-src]:not([src])");
  if (frame) frame.src = frame.dataset.src;
}, { capture: true });

wire();
document.addEventListener("htmx:after:swap", wire);
