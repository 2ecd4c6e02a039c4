/* The slider through the videos that play, with their seams under it, and the clock beside it. */

function timeline({ player }, label) {
  const slider = el("input", { type: "range", min: 0, max: 1, step: "any", value: 0, "aria-label": label,
    oninput: (event) => {
      const at = Number(event.target.value);
      player.pause();  // this moves the slider
      player.seek(at);
    } });
  const seams = el("div", { class: "seams", "aria-hidden": "true" }), clock = el("output", { class: "clock" });
  let marked = "";
  player.watch(() => {
    slider.max = player.length || 1;
    slider.value = player.time;
    clock.textContent = `${player.time.toFixed(2)} / ${player.length.toFixed(2)} s · ${t("frame")} ${player.frame}`;
    const at = player.seams.map((one) => one / player.length);
    if (marked === (marked = at.join())) return;
    seams.replaceChildren(...at.map((share) => el("i", { style: { "--at": share } })));
  });
  return [el("div", { class: "timeline" }, slider, seams), clock];
}

/** A button that plays and pauses, and shows which of them it would do. */
function playButton({ player }) {
  const made = button(sign("play"), t("playPause"), () => player.toggle(), { class: "play" });
  player.watch(() => {
    if (made.dataset.on !== String(player.playing)) made.replaceChildren(sign(player.playing ? "pause" : "play"));
    made.dataset.on = player.playing;
  });
  return made;
}
