// Draws what a simulated change does to countries, when a simulation comes in. Uses what charts.js draws with.
const mostPlaceSize = 14;

function changeOf(country, byLatency) {
  return byLatency ? country.change_ms : country.moved;
}

// Better is below 0, and no change in the middle; of what moves nothing is below 0.
function changeScale(countries, byLatency) {
  const changes = countries.map((country) => Math.abs(changeOf(country, byLatency)));
  const most = byLatency ? Math.max(10, ...changes) : 1;
  const colours = byLatency
    ? [[0, colour("up")], [0.5, colour("land")], [1, colour("down")]]
    : [[0, colour("land")], [1, colour("client")]];
  return { colorscale: colours, zmin: byLatency ? -most : 0, zmax: most };
}

function changeText(country) {
  const moved = `${(100 * country.moved).toFixed(0)} % of its clients move`;
  const change = country.change_ms === null ? "round trips not known" : `${country.change_ms > 0 ? "+" : ""}${country.change_ms.toFixed(1)} ms in the mean`;
  return [country.name, `${(100 * country.share).toFixed(1)} % of the queries`, moved, change].join("<br>");
}

function changeAreas(countries, byLatency) {
  return {
    type: "choropleth",
    locationmode: "country names",
    locations: countries.map((country) => country.name),
    z: countries.map((country) => changeOf(country, byLatency)),
    text: countries.map(changeText),
    hovertemplate: "%{text}<extra></extra>",
    marker: { line: { color: colour("border-land"), width: 0.6 } },
    showscale: false, // the page has its own: plotly's writes inline styles, which pages forbid
    ...changeScale(countries, byLatency),
  };
}

// A mark for each country: of small ones it is all that can be seen.
function changeMarks(countries, byLatency) {
  const most = Math.max(...countries.map((country) => country.share));
  const { colorscale, zmin, zmax } = changeScale(countries, byLatency);
  const marker = {
    size: countries.map((country) => 4 + (mostPlaceSize - 4) * Math.sqrt(country.share / most)),
    color: countries.map((country) => changeOf(country, byLatency)),
    colorscale, cmin: zmin, cmax: zmax, showscale: false,
    line: { width: 1, color: colour("muted") },
  };
  return marks(countries, marker, changeText);
}

function labelScale(countries, byLatency) {
  const { zmin, zmax } = changeScale(countries, byLatency);
  const said = byLatency ? (change) => `${change > 0 ? "+" : ""}${change.toFixed(0)} ms` : (share) => `${100 * share} %`;
  document.getElementById("least-change").textContent = said(zmin);
  document.getElementById("most-change").textContent = said(zmax);
}

function drawChange() {
  const element = document.getElementById("change-map");
  if (!element) return;
  const { countries, by_latency: byLatency } = JSON.parse(document.getElementById("change-figures").textContent);
  const known = countries.filter((country) => changeOf(country, byLatency) !== null);
  const traces = [changeAreas(known, byLatency), changeMarks(known, byLatency)];
  labelScale(known, byLatency);
  Plotly.react(element, traces, frame({ geo: geography(), margin: { l: 0, r: 0, t: 4, b: 4 } }), config);
}

document.addEventListener("htmx:afterSwap", drawChange);
document.documentElement.addEventListener("themechange", drawChange);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawChange);
