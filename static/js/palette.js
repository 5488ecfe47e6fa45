// The search palette: "/" opens it, arrow keys choose, Enter opens. The server finds objects; pages are those of the side bar.
const palette = document.getElementById("palette");
const paletteText = document.getElementById("palette-text");
const paletteFound = document.getElementById("palette-found");
const paletteServer = document.getElementById("palette-server");
const mostPages = 5;

function isTyping(element) {
  return element.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);
}

function openPalette() {
  if (palette.open) return;
  palette.showModal();
  paletteText.select();
  showPages();
}

function paletteOptions() {
  return [...paletteFound.querySelectorAll("[role=option]")];
}

function choose(option) {
  for (const other of paletteOptions()) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    paletteText.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    paletteText.removeAttribute("aria-activedescendant");
  }
}

function chosenOption() {
  return paletteOptions().find((option) => option.getAttribute("aria-selected") === "true");
}

function move(by) {
  const options = paletteOptions();
  if (!options.length) return;
  const place = options.indexOf(chosenOption());
  choose(options[(place + by + options.length) % options.length] ?? options[0]);
}

function pageOption(link, place) {
  const option = document.createElement("a");
  option.id = `found-page-${place}`;
  option.href = link.href;
  option.tabIndex = -1;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  option.append(link.querySelector(".icon")?.cloneNode(true) ?? "", link.textContent.trim());
  return option;
}

// Of the pages that the side bar leads to, those whose name has what is typed.
function showPages() {
  const typed = paletteText.value.trim().toLowerCase();
  const links = [...document.querySelectorAll("#navigation .nav-group a")];
  const found = typed ? links.filter((link) => link.textContent.trim().toLowerCase().includes(typed)).slice(0, mostPages) : [];
  const group = document.getElementById("palette-pages");
  group.replaceChildren();
  if (found.length) {
    const title = Object.assign(document.createElement("p"), { className: "kind", id: "found-pages", textContent: "Pages" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", title.id);
    group.append(title, ...found.map(pageOption));
  } else {
    group.removeAttribute("role");
    group.removeAttribute("aria-labelledby");
  }
  tellFound();
}

function tellFound() {
  const options = paletteOptions();
  paletteText.setAttribute("aria-expanded", String(options.length > 0));
  if (!chosenOption()) choose(options[0]);
  const typed = paletteText.value.trim();
  const said = options.length === 1 ? "1 thing found." : `${options.length} things found.`;
  document.getElementById("palette-hint").textContent = typed ? (options.length ? `${said} Enter opens the chosen one.` : `Nothing matches “${typed}”.`) : "Type to search. Arrow keys choose, Enter opens.";
}

if (palette) {
  actions.palette = openPalette;
  actions["palette-close"] = () => palette.close();
  document.addEventListener("keydown", (event) => {
    const asksFor = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
    if (asksFor || (event.key === "k" && (event.ctrlKey || event.metaKey))) {
      event.preventDefault();
      openPalette();
    }
  });
  paletteText.addEventListener("input", () => {
    if (!paletteText.value.trim()) paletteServer.replaceChildren();
    showPages();
  });
  paletteText.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && chosenOption()) {
      event.preventDefault();
      chosenOption().click();
    }
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette) palette.close(); // beside it
  });
  paletteServer.addEventListener("htmx:afterSettle", tellFound);
}
