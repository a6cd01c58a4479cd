// Build elements without ever parsing a string as HTML.

/** el("p", { class: "muted", hidden: true, onclick: f }, "text", child): attributes by name, `on…` as listeners. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Show a modal dialog made of `children` and remove it once it is closed; resolves with its return value. */
export function showDialog(attributes, ...children) {
  const dialog = el("dialog", { class: "dialog", ...attributes }, ...children);
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus?.();
      resolve(dialog.returnValue);
    });
  });
  dialog.showModal();
  return { dialog, closed };
}
