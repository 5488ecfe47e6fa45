// What happened elsewhere, told on the page that is open. One tab of the browser listens and tells the others.
const toasts = document.getElementById("toasts");
const newsURL = toasts?.dataset.news;
const mostToasts = 4;
const toastMs = 12000;
const otherTabs = new BroadcastChannel("trafficmgr-news");

function toastOf(item) {
  const toast = document.createElement("div");
  toast.className = `toast ${item.tone}`;
  const words = item.url ? Object.assign(document.createElement("a"), { href: item.url }) : document.createElement("span");
  words.textContent = item.text;
  const close = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small square" });
  close.setAttribute("aria-label", `Dismiss: ${item.text}`);
  close.append(document.getElementById("toast-close").content.cloneNode(true));
  close.addEventListener("click", () => toast.remove());
  toast.append(words, close);
  return toast;
}

// It goes by itself, but not while someone points at it or has the focus in it.
function passAway(toast) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) passAway(toast);
    else toast.remove();
  }, toastMs);
}

function tell(items) {
  for (const item of items) {
    const toast = toastOf(item);
    toasts.append(toast);
    passAway(toast);
  }
  while (toasts.children.length > mostToasts) toasts.firstElementChild.remove();
}

function listen() {
  return new Promise((release) => {
    const news = new EventSource(newsURL);
    news.addEventListener("news", (event) => {
      const items = JSON.parse(event.data);
      tell(items);
      otherTabs.postMessage(items);
    });
    news.addEventListener("error", () => {
      if (news.readyState === EventSource.CLOSED) release(); // signed out: the next page load begins anew
    });
  });
}

if (newsURL) {
  otherTabs.addEventListener("message", (event) => tell(event.data));
  // A browser keeps few connections to a server: one tab has the stream, and the next takes over when it closes.
  if (navigator.locks) navigator.locks.request("trafficmgr-news", listen);
  else listen();
}
