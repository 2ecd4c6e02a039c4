/* Charts by Plotly, which lies packed in the page and is unpacked when they come into sight, or by their button. */

const MOST_NAMES = 20;
const BRIEF = 16;

/** The end of a long value, where paths of models differ. */
const brief = (text) => (text.length > BRIEF ? `…${text.slice(1 - BRIEF)}` : text);

/** A setting's name on an axis: a trial's number says enough. */
const named = (name) => /^#\d+(?= )/.exec(name)?.[0] ?? (name.length > 2 * BRIEF ? `${name.slice(0, 2 * BRIEF - 1)}…` : name);

class Charts {
  constructor(page) {
    this.page = page;
    this.place = el("div", {}, document.getElementById("plotly") ? button(t("load"), t("load"), () => this.load()) : null);
    if (this.place.firstChild) whenSeen(this.place, () => this.load());
  }

  async load() {
    if (this.asked) return undefined;
    this.asked = true;
    if (!globalThis.Plotly) {
      if (!globalThis.DecompressionStream) return this.place.replaceChildren(el("p", {}, t("tooOld")));
      this.place.replaceChildren(el("p", {}, t("loading")));
      const raw = atob(document.getElementById("plotly").textContent);
      const packed = new Blob([Uint8Array.from(raw, (sign) => sign.charCodeAt(0))]);
      const script = await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).text();
      document.head.append(el("script", {}, script));
    }
    return this.draw();
  }

  /** A place for one chart under its title, `least` pixels wide: on a narrow screen it is scrolled. */
  chart(id, title, traces, layout, above = null, least = 0) {
    const here = el("div", { class: "chart", id, style: { "min-width": `${least}px` } });
    this.place.append(el("h3", {}, title), ...(above ? [above] : []), el("div", { class: "wide" }, here));
    const style = getComputedStyle(document.body);
    const grid = "rgba(128,128,128,0.25)", axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid };
    Plotly.newPlot(here, traces, {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: style.color }, showlegend: false,
      margin: { l: 60, r: 20, t: 20, b: 50 }, height: 380, colorway: COLOURS, ...layout,
      ...Object.fromEntries(Object.entries({ xaxis: {}, yaxis: {}, ...layout }).filter(([name]) => /^[xy]axis/.test(name))
        .map(([name, own]) => [name, { ...axis, ...own }])),
    }, { displaylogo: false, responsive: true });
    return here;
  }

  draw() {
    const { data } = this.page;
    this.place.replaceChildren();
    if (data.search) this.search(data.search);
    this.scatter();
    this.parallel();
  }

  /** Any figure against any other: each video faint, each setting's mean with its interval. */
  scatter() {
    const { data } = this.page;
    const names = data.metrics.map((one) => one.name).filter((name) => data.summary[name].some(Boolean));
    if (names.length < 2) return;
    const first = [...data.headline, ...names].filter((name) => names.includes(name) && this.varies(name, Math.min(3, data.settings.length)));
    const axes = { x: first[0] || names[0], y: first[1] || names.find((name) => name !== first[0]) };
    const options = names.map((name) => [name, name]);
    const pick = (axis) => choice(axis, options, axes[axis], (name) => { axes[axis] = name; show(); });
    const show = () => {
      const title = (name) => `${plain(name)} (${plain(data.metrics.find((one) => one.name === name).unit)})`;
      Plotly.react(here, this.clouds(axes), { ...here.layout,
        xaxis: { ...here.layout.xaxis, title: { text: title(axes.x) }, autorange: true },
        yaxis: { ...here.layout.yaxis, title: { text: title(axes.y) }, autorange: true } });
    };
    const key = data.settings.length <= MOST_NAMES && el("p", { class: "key" }, data.settings.map((one, at) =>
      data.summary[names[0]][at] && el("span", {}, markOf(at), one.name)));
    const here = this.chart("scatter", t("scatter"), [], {}, el("div", {}, el("p", {}, pick("x"), " ", t("against"), " ", pick("y")), key));
    show();
  }

  /** Whether a figure tells settings apart: it has that many values. */
  varies(name, values = 2) {
    return new Set(this.page.data.summary[name].filter(Boolean).map((one) => one.mean)).size >= values;
  }

  clouds({ x, y }) {
    const { data } = this.page;
    return data.settings.flatMap((setting, at) => {
      const both = data.cells.filter((cell) => cell.setting === at && x in cell.values && y in cell.values);
      const [across, up] = [data.summary[x][at], data.summary[y][at]];
      const each = { x: both.map((cell) => cell.values[x]), y: both.map((cell) => cell.values[y]), mode: "markers",
        marker: { color: colourOf(at), symbol: symbolOf(at), size: 6, opacity: 0.35 }, name: plain(setting.name),
        text: both.map((cell) => plain(`${cell.clip} / ${cell.seed}`)) };
      if (!across || !up) return [each];
      const bar = (one) => (one.low === null ? {} : { array: [one.high - one.mean], arrayminus: [one.mean - one.low] });
      return [each, { x: [across.mean], y: [up.mean], mode: "markers", name: plain(setting.name), marker: { color: colourOf(at), symbol: symbolOf(at), size: 12 },
        error_x: { type: "data", ...bar(across) }, error_y: { type: "data", ...bar(up) } }];
    });
  }

  /** Every setting as a line through what differs and what was measured. */
  parallel() {
    const { data } = this.page;
    const shown = data.settings.map((one, at) => at).filter((at) => data.headline.some((name) => data.summary[name][at]));
    if (shown.length < 2) return;
    const inputs = data.parameters.map((name) => this.scale(name, shown.map((at) => data.settings[at].values[name])));
    const outputs = data.headline.map((name) => [name, shown.map((at) => (data.summary[name][at] || {}).mean)])
      .filter(([name, values]) => values.every((value) => Number.isFinite(value)) && this.varies(name));
    if (!inputs.length && outputs.length < 2) return;
    const names = shown.length <= MOST_NAMES ? [this.scale(t("setting"), shown.map((at) => data.settings[at].name).reverse(), named)] : [];
    for (const one of names) one.values.reverse();  // the first one on top
    const dimensions = [...names, ...inputs, ...outputs.map(([name, values]) => ({ label: plain(name), values }))];
    this.chart("parallel", t("parallel"), [{ type: "parcoords", dimensions, labelangle: -15,
      line: { color: shown, colorscale: shown.map((at, k) => [k / (shown.length - 1), colourOf(at)]),
        cmin: shown[0], cmax: shown[shown.length - 1] } }], { margin: { l: names.length ? 150 : 80, r: 80, t: 90, b: 30 } }, null, 150 + 105 * dimensions.length);
  }

  /** Values on an axis: numbers as they are, all else side by side with labels. */
  scale(name, values, short = brief) {
    if (values.every((value) => typeof value === "number")) return { label: plain(name), values };
    const labels = [...new Set(values.map(String))];
    return { label: plain(name), values: values.map((value) => labels.indexOf(String(value))),
      tickvals: labels.map((_, at) => at), ticktext: labels.map((one) => plain(short(one))) };
  }

  search(search) {
    const points = search.points;
    if (points.length < 2) return;
    const marker = { color: points.map((one) => (one.baseline ? COLOURS[1] : one.broken ? COLOURS[6] : COLOURS[0])),
      symbol: points.map((one) => (one.baseline ? "star" : one.broken ? "x" : "circle")), size: points.map((one) => (one.baseline ? 14 : 8)) };
    const text = points.map((one) => plain(`${one.name}${one.broken ? ` · ${t("breaks")}` : ""}`));
    const layout = { height: 60 + 260 * search.objectives.length };
    const traces = search.objectives.flatMap((aim, row) => search.parameters.map((name, column) => {
      const at = row * search.parameters.length + column + 1, tail = at > 1 ? at : "";
      const scale = this.scale(name, points.map((one) => one.point[name] ?? ""));
      const wide = 1 / search.parameters.length, high = 1 / search.objectives.length;
      layout[`xaxis${tail}`] = { title: row < search.objectives.length - 1 ? undefined : { text: plain(name) }, tickvals: scale.tickvals, ticktext: scale.ticktext,
        domain: [column * wide + 0.01, (column + 1) * wide - 0.01], anchor: `y${tail}` };
      layout[`yaxis${tail}`] = { domain: [1 - (row + 1) * high + 0.08, 1 - row * high], anchor: `x${tail}`,
        title: column ? undefined : { text: plain(aim) }, showticklabels: !column };
      return { x: scale.values, y: points.map((one) => one.values[row]), text, mode: "markers", marker,
        xaxis: `x${tail}`, yaxis: `y${tail}`, hovertemplate: "%{text}<br>%{x}<br>%{y}<extra></extra>" };
    }));
    this.chart("slices", t("slices"), traces, layout, null, 140 * search.parameters.length);
    if (search.objectives.length < 2) return;
    const front = points.filter((one) => one.front).sort((one, two) => one.values[0] - two.values[0]);
    this.chart("pareto", t("pareto"), [
      { x: points.map((one) => one.values[0]), y: points.map((one) => one.values[1]), text, mode: "markers", marker },
      { x: front.map((one) => one.values[0]), y: front.map((one) => one.values[1]), mode: "lines",
        line: { color: COLOURS[0], width: 1 }, name: t("front") },
    ], { xaxis: { title: { text: plain(search.objectives[0]) } }, yaxis: { title: { text: plain(search.objectives[1]) } } });
  }
}

/** Text for Plotly, which would read tags and entities in it. */
const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
