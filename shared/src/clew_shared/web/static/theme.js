// Light, dark or as the system: kept in a cookie so that the server draws the first paint right.
const YEAR = 365 * 24 * 3600;

export function wireTheme() {
  const buttons = document.querySelectorAll("[data-theme-switch] button");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = button.value;
      document.cookie = `theme=${button.value}; path=/; max-age=${YEAR}; samesite=lax`;
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    });
  }
}
