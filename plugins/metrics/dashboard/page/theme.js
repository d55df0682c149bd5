/* Light or dark: the system's, unless somebody has chosen here. Runs before the first paint. */
(() => {
  const STORE = "localai.theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  /** Return the theme that was chosen here, if one was. */
  function chosen() {
    try {
      return localStorage.getItem(STORE);
    } catch {
      return null; // Storage is forbidden: the system's theme will do.
    }
  }

  /** Keep a choice; one that equals the system's is none. */
  function choose(theme) {
    const own = theme === (system.matches ? "dark" : "light") ? null : theme;
    apply(own);
    try {
      if (own) localStorage.setItem(STORE, own);
      else localStorage.removeItem(STORE);
    } catch {
      // It then holds for this page only.
    }
  }

  function apply(theme) {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  function isDark() {
    return (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  }

  apply(chosen());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const tell = () => button.setAttribute("aria-pressed", String(isDark()));
    button.addEventListener("click", () => {
      choose(isDark() ? "light" : "dark");
      tell();
    });
    system.addEventListener("change", tell);
    tell();
  });
})();
