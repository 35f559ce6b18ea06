import { fitPlot } from "../plots/fit_plot.ts";
import { pageLook } from "../plots/render_svg.ts";

/**
 * Brings the plots of a report to life: unpacks Vega, replaces each drawing by
 * a plot of the same spec that answers the pointer, in the page's own colours
 * and as wide as its place, again when that changes. Where anything fails the
 * drawing stays.
 *
 * Vega gets no way to run text or to fetch: expressions are interpreted instead
 * of compiled (`ast`), its loader refuses, options hidden in a spec (`usermeta`)
 * are dropped, and tooltips are written as text.
 */
export const PLOT_SCRIPT = `
"use strict";
(async () => {
  const LOOK = ${JSON.stringify(pageLook())};
  const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const isTree = (x) => typeof x === "object" && x !== null && !Array.isArray(x);
  const merge = (base, over) => {
    const merged = { ...base };
    for (const [key, value] of Object.entries(over)) {
      merged[key] = isTree(merged[key]) && isTree(value) ? merge(merged[key], value) : value;
    }
    return merged;
  };
  const packed = document.getElementById("plot-libraries");
  if (packed === null || typeof DecompressionStream === "undefined") return;
  const stream = new Blob([bytes(packed.textContent.trim())]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const libraries = document.createElement("script");
  libraries.textContent = await new Response(stream).text();
  document.head.append(libraries);
  packed.remove();

  // Vega's SVG renderer sets whole style attributes, which the policy refuses;
  // the same by way of the style object is allowed.
  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style" && this.style) this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  const say = (_handler, event, _item, value) => {
    tip.replaceChildren();
    tip.classList.toggle("shown", isTree(value) || typeof value === "string");
    if (!tip.classList.contains("shown")) return;
    for (const [key, text] of isTree(value) ? Object.entries(value) : [["", value]]) {
      const line = document.createElement("div"), name = document.createElement("b");
      name.textContent = key === "" ? "" : key + " ";
      line.append(name, String(text));
      tip.append(line);
    }
    const { width, height } = tip.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const x = event.clientX + 14, y = event.clientY + 14;
    tip.style.left = Math.max(4, Math.min(x, clientWidth - width - 4)) + "px";
    tip.style.top = (y + height > clientHeight ? Math.max(4, event.clientY - height - 10) : y) + "px";
  };
  const fit = ${fitPlot.toString()};
  const refuse = () => Promise.reject(new Error("a report fetches nothing"));
  const loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

  const draw = async (drawing, width) => {
    try {
      const link = document.getElementById(drawing.dataset.spec);
      const { usermeta: _, ...spec } = JSON.parse(
        new TextDecoder().decode(bytes(link.href.split(",")[1])),
      );
      const still = drawing.firstElementChild;
      const live = document.createElement("div");
      live.className = "live";
      // On a phone letters stay as they are; else they are as large as the page's.
      const scale = width < 560 ? 1 : 1.2;
      const { view } = await vegaEmbed(live, merge(fit(spec, width / scale), LOOK), {
        mode: "vega-lite", renderer: "svg", ast: true, actions: false,
        defaultStyle: false, tooltip: say, loader, logLevel: vega.Error,
      });
      live.removeAttribute("role");
      const svg = live.querySelector("svg");
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", (still.querySelector("svg") ?? still).getAttribute("aria-label"));
      for (const part of svg.querySelectorAll("[role], [aria-label], [aria-roledescription]")) {
        for (const name of ["role", "aria-label", "aria-roledescription"]) part.removeAttribute(name);
      }
      for (const side of ["width", "height"]) {
        svg.setAttribute(side, Math.round(svg.getAttribute(side) * scale));
      }
      still.replaceWith(live);
      drawing.classList.add("live");
      drawing.finish?.();
      drawing.finish = () => view.finalize();
    } catch (error) {
      drawing.title = "This plot can't be interactive: " + error.message;
    }
  };
  const widths = new Map();
  const drawAll = async () => {
    for (const drawing of document.querySelectorAll(".drawing")) {
      const width = drawing.parentElement.clientWidth;
      if (width === 0 || width === widths.get(drawing)) continue;
      widths.set(drawing, width);
      await draw(drawing, width);
    }
  };
  let last = drawAll();
  await last;
  let soon;
  addEventListener("resize", () => {
    clearTimeout(soon);
    soon = setTimeout(() => last = last.then(drawAll), 120);
  });
  document.documentElement.classList.add("ready");
})();
`;
