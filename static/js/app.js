// What every page does without asking the server.
const root = document.documentElement;

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function toggleTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  root.dispatchEvent(new Event("themechange"));
}

function toggleMenu(button) {
  const open = document.body.classList.toggle("menu-open");
  button.setAttribute("aria-expanded", String(open));
}

const actions = { theme: toggleTheme, menu: toggleMenu };

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button) actions[button.dataset.action](button);
});

// A form that is refused comes back with 422: show it like any other answer. A session that has ended leads to the login.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (["/login/", "/account/second-factor/"].includes(new URL(event.detail.xhr.responseURL).pathname)) {
    event.detail.shouldSwap = false;
    location.reload();
  }
  if (event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// The eye needs to know when figures have stopped being live.
for (const [name, isLive] of [["htmx:sseOpen", true], ["htmx:sseError", false]]) {
  document.addEventListener(name, () => {
    const sign = document.getElementById("live-sign");
    if (!sign) return;
    sign.classList.toggle("lost", !isLive);
    sign.textContent = isLive ? "Live" : "Connecting again…";
  });
}
