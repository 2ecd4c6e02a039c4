/* Curves over time of the clip that is shown, one line a setting, with the windows as bands and a cursor that moves. */

class Curves {
  constructor(page) {
    this.page = page;
    this.place = el("div");
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
    const banded = cells.find((cell) => cell === view.focus) || cells[0];
    this.seconds = Math.max(...cells.map((cell) => (cell.frames || 0) / cell.fps)) || 1;
    const key = el("p", { class: "key" }, cells.map((cell) =>
      el("span", {}, markOf(cell.setting), data.settings[cell.setting].name)),
      el("small", {}, ` ${t("windows")} ${data.settings[banded.setting].name}`));
    const drawn = data.panels.map((panel) => this.panel(panel, cells, banded)).filter(Boolean);
    this.place.replaceChildren(el("h3", {}, banded.clip), key, ...drawn);
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
    const made = el("div", { class: "panel", onclick: seek, onpointermove: seek },
      el("h4", {}, panel.label.replace("\n", " · ")), el("div", { class: "plot" }, canvas, cursor));
    this.cursors.push(cursor);
    made.paint = () => this.paint(canvas, name, lines, banded);
    return made;
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
    pen.lineWidth = 1.4;
    for (const cell of lines) {
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
    pen.fillStyle = ink;
    pen.font = "11px system-ui, sans-serif";
    pen.fillText(figure(high), 3, 12);
    pen.fillText(figure(low), 3, height - 4);
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
  }
}
