/* Measures the way from this visitor to a few endpoints, once the page is loaded. Keeps nothing, sets no cookie.
   <script src="https://TRAFFICMGR/rum/v1/beacon.js" data-name="www.example.com" async></script>
   A page that names the endpoint which served it, data-endpoint="fra-1", has its own connection told as well. */
(function () {
  "use strict";
  var script = document.currentScript, browser = navigator;
  if (!script || !browser.sendBeacon || !window.fetch || browser.globalPrivacyControl ||
      browser.doNotTrack === "1" || window.doNotTrack === "1") return;
  if (Math.random() >= Number(script.dataset.share || SHARE)) return;
  var base = script.src.replace(/beacon\.js.*$/, ""), name = script.dataset.name || location.hostname;

  function get(url, options) {
    options.credentials = "omit";
    options.cache = "no-store";
    options.referrerPolicy = "no-referrer";
    return fetch(url, options);
  }

  function pause(ms) { return new Promise(function (done) { setTimeout(done, ms); }); }

  /* One request to a URL of its own, so that its timing can be found. What a handshake or a first octet took is one
     round trip; where the endpoint does not allow a look (no Timing-Allow-Origin) only the whole is known. */
  function ask(url) {
    var own = url + (url.indexOf("?") < 0 ? "?" : "&") + "rum=" + Math.random().toString(36).slice(2);
    var started = performance.now();
    return get(own, { mode: "no-cors" }).then(function () {
      var whole_ms = performance.now() - started;
      return pause(50).then(function () {
        var timing = performance.getEntriesByName(own)[0] || {}, rtts_ms = [];
        if (timing.requestStart > 0) {
          rtts_ms.push(timing.responseStart - timing.requestStart);
          rtts_ms.push((timing.secureConnectionStart || timing.connectEnd) - timing.connectStart);
        } else rtts_ms.push(whole_ms);
        return rtts_ms.filter(function (rtt_ms) { return rtt_ms > 0; });
      });
    });
  }

  /* The first request connects; the second finds a connection and takes one round trip. */
  function measure(candidate) {
    return ask(candidate.url).then(function (first) {
      return ask(candidate.url).then(function (second) {
        return { rtt_ms: Math.min.apply(null, first.concat(second)), at: performance.now() };
      });
    });
  }

  /* The handshake of the page's own connection; none, if it came over one that was there before. */
  function handshake() {
    var timing = (performance.getEntriesByType("navigation") || [])[0];
    if (!timing || !script.dataset.endpoint || location.hostname !== name) return;
    var rtt_ms = (timing.secureConnectionStart || timing.connectEnd) - timing.connectStart;
    return rtt_ms > 0 ? { rtt_ms: rtt_ms, at: timing.connectEnd } : undefined;
  }

  function run() {
    var page = handshake(), served = page ? "&endpoint=" + encodeURIComponent(script.dataset.endpoint) : "";
    get(base + "candidates?name=" + encodeURIComponent(name) + served, {}).then(function (response) {
      return response.ok && response.status !== 204 ? response.json() : { candidates: [] };
    }).then(function (asked) {
      var found = asked.served ? [[asked.served, page]] : [];
      return asked.candidates.reduce(function (before, candidate) {
        return before.then(function () { return measure(candidate); }).then(function (measured) {
          if (isFinite(measured.rtt_ms)) found.push([candidate.endpoint, measured]);
        }, function () {});
      }, Promise.resolve()).then(function () {
        if (found.length) browser.sendBeacon(base + "beacons", JSON.stringify(found.map(function (pair) {
          return { token: asked.token, endpoint: pair[0], rtt_ms: pair[1].rtt_ms,
                   age_ms: performance.now() - pair[1].at };
        })));
      });
    }).catch(function () {});
  }

  if (document.readyState === "complete") setTimeout(run, 0);
  else addEventListener("load", function () { setTimeout(run, 0); });
})();
