/* A and B in one place, swapped under the eye without a jump in time. */

class Pair {
  constructor(page) {
    this.page = page;
    this.chosen = { a: null, b: null };
    this.front = "a";
    this.name = el("strong");
    this.stage = el("div", { class: "stage" });
    this.dialog = el("dialog", { class: "pair", "aria-label": t("pair"), onclose: () => this.closed() },
      el("header", {}, this.name, button([sign("swap"), " x"], t("swap"), () => this.swap()),
        button(sign("close"), t("close"), () => this.dialog.close())), this.stage,
      el("div", { class: "under-stage" }, playButton(page), ...timeline(page, `${t("pair")}: ${t("seconds")}`)));
    document.body.append(this.dialog);
  }

  /** A cell as one of the two; both there, and they are shown. */
  take(side, cell) {
    this.chosen[side] = cell;
    this.page.say(`${side.toUpperCase()}: ${this.page.data.settings[cell.setting].name}, ${cell.clip}`);
    this.page.grid.mark();
    if (this.chosen.a && this.chosen.b) this.show();
  }

  get open() {
    return this.dialog.open;
  }

  show() {
    const { player } = this.page;
    const tracks = ["a", "b"].map((side) => {
      const cell = this.chosen[side], video = videoOf(cell, () => player.seek(player.time));
      return video && { cell, video, side, fps: cell.fps, seams: cell.seams };
    }).filter(Boolean);
    if (tracks.length < 2) return this.page.say(t("noVideo"));
    this.tracks = tracks;
    this.stage.replaceChildren(...tracks.map(({ video }) => video));
    if (!this.open) this.dialog.showModal();
    player.hold(tracks);
    this.turn("a");
    return undefined;
  }

  swap() {
    this.turn(this.front === "a" ? "b" : "a");
  }

  turn(side) {
    this.front = side;
    for (const track of this.tracks) {
      track.video.classList.toggle("front", track.side === side);
      if (track.side === side) {
        this.name.textContent = `${side.toUpperCase()} · ${this.page.data.settings[track.cell.setting].name}`;
        this.page.player.listen(track.video);
      }
    }
  }

  closed() {
    this.chosen = { a: null, b: null };
    this.stage.replaceChildren();
    this.page.player.hold(this.page.grid.tracks());
    this.page.grid.mark();
  }
}
