// Shows the form where this script stands; a site that may not frame it gets a link.
(() => {
  const script = document.currentScript;
  const origin = new URL(script.src).origin;
  const address = `${origin}/f/{{ definition.slug }}`;
  const framed = {{ (definition.frame_ancestors | length > 0) | tojson }} || location.origin === origin;
  const element = document.createElement(framed ? "iframe" : "a");
  if (framed) {
    element.src = address;
    element.title = {{ definition.title | tojson }};
    element.loading = "lazy";
    element.width = "100%";
    element.height = "760";
    element.setAttribute("frameborder", "0");
  } else {
    element.href = address;
    element.textContent = {{ definition.title | tojson }};
  }
  script.after(element);
})();
