// What takes longer than a moment shows that it runs: a bar at the top, and the button that started it.
const momentMs = 300;
const longestMs = 60000; // a download leaves the page as it is: nothing says when it ends
const progressBar = document.getElementById("progress") ?? document.createElement("div"); // no bar at the login
const underWay = new Set();
let progressTimer;

// Pages that look again by themselves every few seconds are not what somebody waits for.
function isPolled(element) {
  return /\bevery\b/.test(element.getAttribute("hx-trigger") ?? "");
}

function showProgress() {
  clearTimeout(progressTimer);
  if (underWay.size) progressTimer = setTimeout(() => progressBar.removeAttribute("hidden"), momentMs);
  else progressBar.hidden = true;
}

function begin(what) {
  underWay.add(what);
  showProgress();
}

function end(what) {
  underWay.delete(what);
  showProgress();
}

function beginNavigation() {
  begin("navigation");
  setTimeout(() => end("navigation"), longestMs);
}

function isNavigation(event, link) {
  return link && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.defaultPrevented
    && !link.target && !link.hasAttribute("download") && link.origin === location.origin && link.pathname + link.search !== location.pathname + location.search;
}

// The button that was pressed is busy until the answer is there. Disabling it would take its value out of what is sent.
function markBusy(form, submitter) {
  const button = submitter ?? form.querySelector("button:not([type=button])");
  button?.setAttribute("aria-busy", "true");
  return button;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPolled(event.detail.elt)) begin(event.detail.xhr);
});
document.addEventListener("htmx:afterRequest", (event) => end(event.detail.xhr));
document.addEventListener("click", (event) => {
  if (isNavigation(event, event.target.closest("a[href]"))) beginNavigation();
});
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog") return;
  if (event.target.dataset.sent) {
    event.preventDefault(); // pressed twice: once is enough
    return;
  }
  event.target.dataset.sent = "yes";
  markBusy(event.target, event.submitter);
  beginNavigation();
});
addEventListener("pageshow", () => { // back from another page, as the browser kept this one
  underWay.clear();
  showProgress();
  for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});
