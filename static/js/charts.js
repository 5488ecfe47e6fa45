// Draws the map and the traffic of policies from the JSON of the page, and again for each that comes in live.
const topojsonURL = document.currentScript.dataset.topojson;
const seriesCount = 8;
const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, topojsonURL };

let figures = JSON.parse(document.getElementById("figures")?.textContent ?? "{}");

// A colour of the style sheets, resolved for the theme: plotly knows nothing of custom properties.
function colour(name) {
  const probe = document.createElement("span");
  probe.className = `colour-${name}`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

function frame(more) {
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 11, color: colour("muted") },
    hoverlabel: { bgcolor: colour("surface"), bordercolor: colour("line-strong"), font: { color: colour("text"), size: 12 } },
    showlegend: false,
    dragmode: false,
    ...more,
  };
}

function marks(places, marker, text) {
  return {
    type: "scattergeo",
    lat: places.map((place) => place.latitude),
    lon: places.map((place) => place.longitude),
    text: places.map(text),
    hovertemplate: "%{text}<extra></extra>",
    marker,
  };
}

function clientMarks(clients) {
  const most = Math.max(1, ...clients.map((client) => client.count));
  const size = clients.map((client) => 3 + 17 * Math.sqrt(client.count / most));
  const marker = { size, color: colour("client"), opacity: 0.22, line: { width: 0 } };
  return marks(clients, marker, (client) => [`${client.name}: ${client.count} answers`, ...client.goes].join("<br>"));
}

// A trace has one width, so there is one for each of a few. Plotly draws each pair of points as a great circle.
function arcTraces(arcs) {
  const widths = [0.6, 1.4, 2.6, 4.2];
  return widths.flatMap((width, index) => {
    const own = arcs.filter((arc) => Math.min(widths.length - 1, Math.floor(Math.sqrt(arc.weight) * widths.length)) === index);
    if (!own.length) return [];
    const joined = (key) => own.flatMap((arc) => [...arc[key], null]);
    return [{
      type: "scattergeo", mode: "lines", lat: joined("latitudes"), lon: joined("longitudes"), hoverinfo: "skip",
      opacity: 0.45, line: { width, color: colour("client") },
    }];
  });
}

function siteMarks(sites) {
  const marker = { size: 8, symbol: "diamond", color: colour("text"), line: { width: 1.5, color: colour("surface") } };
  return marks(sites, marker, (site) => [`site ${site.name}`, ...site.nodes].join("<br>"));
}

function regionMarks(regions) {
  const marker = { size: 15, color: regions.map((region) => colour(region.state)), line: { width: 2, color: colour("surface") } };
  const trace = marks(regions, marker, (region) => [`region ${region.name}`, ...region.endpoints].join("<br>"));
  return {
    ...trace,
    mode: "markers+text",
    texttemplate: regions.map((region) => region.name),
    textposition: "top center",
    textfont: { size: 12, weight: 600, color: colour("text") },
  };
}

function geography() {
  return {
    projection: { type: "natural earth", rotation: { lon: 10, lat: 0 } },
    lonaxis: { range: [-170, 190] },
    lataxis: { range: [-56, 80] },
    showframe: false, showcoastlines: false, showcountries: true, showlakes: false, showland: true, showocean: false,
    landcolor: colour("land"), countrycolor: colour("border-land"), countrywidth: 0.6, bgcolor: "rgba(0,0,0,0)",
  };
}

function drawMap(element, map) {
  const geo = geography();
  const traces = [...arcTraces(map.arcs), clientMarks(map.clients), regionMarks(map.regions), siteMarks(map.sites)];
  return Plotly.react(element, traces, frame({ geo, margin: { l: 0, r: 0, t: 4, b: 4 } }), config);
}

function area(series, index, times) {
  const line = colour(`series-${index % seriesCount}`);
  return {
    type: "scatter", mode: "lines", stackgroup: "all", name: series.name, x: times, y: series.per_s,
    line: { width: 1, color: line }, fillcolor: line.replace("rgb(", "rgba(").replace(")", ", 0.55)"),
    hovertemplate: "%{y:.1f} / s",
  };
}

function drawTraffic(element, policy, times) {
  const axis = { gridcolor: colour("line"), zeroline: false, fixedrange: true, tickcolor: colour("line") };
  const layout = frame({
    margin: { l: 34, r: 6, t: 6, b: 24 },
    hovermode: "x unified",
    xaxis: { ...axis, type: "date", showgrid: false, nticks: 4, tickformat: times.at(-1) - times[0] > 2 * 86_400_000 ? "%a" : "%H:%M", hoverformat: "%a %H:%M:%S" },
    yaxis: { ...axis, rangemode: "tozero", nticks: 4 },
  });
  return Plotly.react(element, policy.series.map((series, index) => area(series, index, times)), layout, config);
}

// A first day has few points, and a line of one is none: so each is a mark as well.
function demandLine(region, index, times, ahead) {
  const line = colour(`series-${index % seriesCount}`);
  const common = { type: "scatter", mode: "lines+markers", marker: { size: 4, color: line }, name: region.name, hovertemplate: "%{y:.1f} / s" };
  const expected = { ...common, x: [times.at(-1), ahead], y: [region.per_s.at(-1), region.ahead], line: { width: 1.5, color: line, dash: "dot" } };
  return [{ ...common, x: times, y: region.per_s, line: { width: 1.5, color: line } }, ...(region.ahead === null ? [] : [expected])];
}

function drawDemand(element, demand, times, ahead) {
  const axis = { gridcolor: colour("line"), zeroline: false, fixedrange: true, tickcolor: colour("line") };
  const firsts = demand.map((region) => region.per_s.findIndex((rate) => rate !== null));
  const since = Math.min(times.length - 1, ...firsts.filter((place) => place >= 0));
  const layout = frame({
    margin: { l: 34, r: 6, t: 6, b: 24 },
    xaxis: { ...axis, type: "date", range: [times[since], ahead], showgrid: false, nticks: 6, tickformat: "%H:%M", hoverformat: "%a %H:%M" },
    yaxis: { ...axis, rangemode: "tozero", nticks: 4 },
  });
  const known = demand.map((region) => ({ ...region, per_s: region.per_s.slice(since) }));
  const traces = known.flatMap((region, index) => demandLine(region, index, times.slice(since), ahead));
  return Plotly.react(element, traces, layout, config);
}

function draw() {
  const world = document.getElementById("world");
  if (world) drawMap(world, figures.map);
  if (!figures.times) return;
  const times = chartTimes(figures.times);
  for (const element of document.querySelectorAll("[data-demand]")) {
    drawDemand(element, figures.demand, times, chartTimes([figures.ahead])[0]);
  }
  for (const element of document.querySelectorAll("[data-policy]")) {
    const policy = figures.policies.find((candidate) => String(candidate.id) === element.dataset.policy);
    if (policy?.series.length) drawTraffic(element, policy, times);
  }
}

document.addEventListener("htmx:load", (event) => {
  const fresh = event.detail.elt.querySelector?.("#figures");
  if (!fresh) return;
  figures = JSON.parse(fresh.textContent);
  draw();
});
document.addEventListener("htmx:sseBeforeMessage", (event) => {
  if (event.detail.type !== "figures") return;
  figures = JSON.parse(event.detail.data);
  draw();
});
document.documentElement.addEventListener("themechange", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
