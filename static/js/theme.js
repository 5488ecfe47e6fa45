// Before the first paint: the theme someone chose, else that of their system.
const chosen = localStorage.getItem("theme");
if (chosen) document.documentElement.dataset.theme = chosen;
