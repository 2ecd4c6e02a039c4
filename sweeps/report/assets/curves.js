/* Curves over time of the clip that is shown, one line a setting, with the windows as bands, a cursor that moves, and
   the picture of the chosen video at it. */

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
const MOST_TICKS = 8;

class Curves {
  constructor(page) {
    this.page = page;
    this.place = el("div", { class: "curves" });
    this.picture = el("canvas", { class: "picture", role: "img" });
    this.cursors = [];
    page.player.watch((player) => this.follow(player));
  }

  /** The cells whose lines are drawn: of the first clip that is shown. */
  cells() {
    const { view } = this.page;
    const found = view.settings.map((setting) => this.page.cell(setting, view.clips[0], view.seed));
    return found.filter((cell) => cell && cell.fps && Object.keys(cell.curves).length);
  }

  draw() {
    const cells = this.cells(), { data, view } = this.page;
    this.cursors = [];
    if (!cells.length) return this.place.replaceChildren(el("p", {}, t("noCurves")));
    const banded = this.chosen = cells.find((cell) => cell === view.focus) || cells[0];
    this.seconds = Math.max(...cells.map((cell) => (cell.frames || 0) / cell.fps)) || 1;
    const key = el("p", { class: "key" }, cells.map((cell) =>
      button([markOf(cell.setting), data.settings[cell.setting].name], data.settings[cell.setting].name,
        () => this.page.focus(cell), { "aria-pressed": cell === banded })),
      el("small", {}, ` ${t("windows")} ${data.settings[banded.setting].name}`));
    const drawn = data.panels.map((panel) => this.panel(panel, cells, banded)).filter(Boolean);
    const name = data.settings[banded.setting].name;
    this.picture.setAttribute("aria-label", name);
    this.place.replaceChildren(el("div", {}, el("h3", {}, banded.clip), key, ...drawn),
      el("figure", { class: "beside" }, this.picture, el("figcaption", {}, markOf(banded.setting), name)));
    for (const one of drawn) one.paint();
    this.follow(this.page.player);
    return undefined;
  }

  panel(panel, cells, banded) {
    const name = panel.curves.find((one) => cells.some((cell) => cell.curves[one]));
    if (!name) return null;
    const lines = cells.filter((cell) => cell.curves[name]);
    const canvas = el("canvas", { role: "img", "aria-label": `${panel.label}: ${name}` });
    const cursor = el("div", { class: "cursor" });
    const seek = (event) => {
      const box = canvas.getBoundingClientRect();
      if (event.buttons || event.type === "click") {
        this.page.player.seek(((event.clientX - box.left) / box.width) * this.seconds);
      }
    };
    const made = el("div", { class: "panel" },
      el("h4", {}, said(panel.label).replace("\n", " · ")), el("div", { class: "scaled" },
        el("div", { class: "range", "aria-hidden": "true" }, el("span"), el("span")), el("div", { class: "plot", onclick: seek, onpointermove: seek }, canvas, cursor), this.ticks()));
    this.cursors.push(cursor);
    made.paint = () => {
      const [high, low] = this.paint(canvas, name, lines, banded);
      made.querySelectorAll(".range span").forEach((one, at) => { one.textContent = figure(at ? low : high); });
    };
    return made;
  }

  /** Seconds under a panel. */
  ticks() {
    const step = STEPS.find((one) => this.seconds / one <= MOST_TICKS) || this.seconds;
    const marks = Array.from({ length: Math.floor(this.seconds / step) + 1 }, (_, at) => at * step);
    return el("div", { class: "ticks", "aria-hidden": "true" }, marks.map((one) =>
      el("span", { style: { left: `${(100 * one) / this.seconds}%` } }, `${+one.toFixed(1)} s`)));
  }

  paint(canvas, name, lines, banded) {
    const width = canvas.clientWidth || 800, height = canvas.clientHeight || 110, scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d"), ink = getComputedStyle(document.body).color;
    pen.scale(scale, scale);
    const values = lines.flatMap((cell) => cell.curves[name].filter((one) => one !== null));
    const low = Math.min(...values), high = Math.max(...values, low + 1e-9);
    const x = (second) => (second / this.seconds) * width;
    const y = (value) => height - 4 - ((value - low) / (high - low)) * (height - 8);
    const seams = (banded.seams || []).map((one) => one / banded.fps).filter((one) => one < this.seconds);
    const edges = [0, ...seams, this.seconds];
    pen.fillStyle = ink;
    pen.globalAlpha = 0.07;
    for (let at = 1; at < edges.length - 1; at += 2) pen.fillRect(x(edges[at]), 0, x(edges[at + 1]) - x(edges[at]), height);
    pen.globalAlpha = 0.5;
    pen.strokeStyle = ink;
    pen.setLineDash([4, 3]);
    for (const one of seams) this.line(pen, [[x(one), 0], [x(one), height]]);
    pen.globalAlpha = 1;
    for (const cell of [...lines.filter((one) => one !== banded), ...lines.filter((one) => one === banded)]) {
      pen.lineWidth = cell === banded ? 2.6 : 1.3;
      pen.strokeStyle = colourOf(cell.setting);
      pen.setLineDash(dashOf(cell.setting));
      const points = cell.curves[name], step = cell.frames / cell.fps / points.length;
      let part = [];
      points.forEach((value, at) => {
        if (value === null) this.line(pen, part.splice(0));
        else part.push([x((at + 0.5) * step), y(value)]);
      });
      this.line(pen, part);
    }
    return [high, low];
  }

  line(pen, points) {
    pen.beginPath();
    points.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.stroke();
  }

  follow(player) {
    if (!this.seconds) return;
    const left = `${Math.min(100, (100 * player.time) / this.seconds)}%`;
    for (const cursor of this.cursors) cursor.style.left = left;
    this.look();
  }

  /** The chosen video's frame, where somebody who reads the curves sees it. */
  look() {
    const video = this.chosen && this.page.grid.videos.get(this.chosen.at), { picture } = this;
    picture.parentElement?.classList.toggle("none", !video);
    if (!video || video.readyState < 2 || video.seeking) return;
    const width = Math.round(picture.clientWidth * (devicePixelRatio || 1)) || 1;
    const height = Math.round((width * video.videoHeight) / video.videoWidth);
    if (picture.width !== width || picture.height !== height) Object.assign(picture, { width, height });
    picture.getContext("2d").drawImage(video, 0, 0, width, height);
  }
}
