/* One clock for many videos: they play in step, one of them with sound. Times are seconds. */

class Player {
  constructor() {
    this.tracks = [];          // {video, fps, seams}
    this.time = 0;
    this.speed = 1;
    this.playing = false;
    this.heard = null;
    this.watchers = [];
    requestAnimationFrame(() => this.tick());
  }

  /** Show these tracks from now on, at the time where the last ones stood. */
  hold(tracks) {
    for (const { video } of this.tracks) if (!tracks.some((one) => one.video === video)) video.pause();
    this.tracks = tracks;
    if (!tracks.some((one) => one.video === this.heard)) this.heard = tracks.length ? tracks[0].video : null;
    this.quiet();
    this.seek(Math.min(this.time, this.length || this.time));
    if (this.playing) this.play();
  }

  get length() {
    return Math.max(0, ...this.tracks.map(({ video }) => video.duration || 0));
  }

  get fps() {
    return this.tracks.length ? this.tracks[0].fps || 25 : 25;
  }

  /** The first frames of all windows of any video here, in seconds. */
  get seams() {
    const at = this.tracks.flatMap(({ seams, fps }) => (seams || []).map((one) => (one + 0.5) / (fps || 25)));
    return [...new Set(at)].sort((one, two) => one - two).filter((one) => one < this.length);
  }

  /** The frame that is shown, of the first track. */
  get frame() {
    return Math.floor(this.time * this.fps + 1e-3);
  }

  play() {
    this.playing = true;
    if (this.time >= this.length - 1e-2) this.seek(0);
    for (const { video } of this.tracks) if (!this.over(video)) video.play().catch(() => {});
    this.tell();
  }

  pause() {
    this.playing = false;
    for (const { video } of this.tracks) {
      video.pause();
      video.playbackRate = this.speed;
    }
    this.seek((this.frame + 0.5) / this.fps);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** All of them to one moment; one that is shorter holds its last frame. */
  seek(time) {
    this.time = Math.max(0, Math.min(time, Math.max(0, this.length - 1e-3)));
    for (const { video } of this.tracks) {
      if (video.readyState) video.currentTime = Math.min(this.time, Math.max(0, video.duration - 1e-3));
    }
    this.tell();
  }

  /** Some frames on or back, to the middle of the frame. */
  step(frames) {
    if (this.playing) this.pause();
    this.seek((Math.max(0, this.frame + frames) + 0.5) / this.fps);
  }

  /** To the next seam (1) or the one before (-1) of any video here. */
  seam(way) {
    const { seams } = this;
    const next = (way > 0 ? seams : seams.reverse()).find((one) => way * (one - this.time) > 0.02);
    if (next === undefined) return;
    if (this.playing) this.pause();
    this.seek(next);
  }

  /** The sound of this video, and of no other. */
  listen(video) {
    this.heard = video;
    this.quiet();
    this.tell();
  }

  quiet() {
    for (const { video } of this.tracks) video.muted = video !== this.heard;
  }

  over(video) {
    return video.ended || (video.duration && this.time >= video.duration - 1e-2);
  }

  /** The video by which the others go: the heard one while it lasts, else one that still plays. */
  get leader() {
    const running = this.tracks.map((one) => one.video).filter((one) => !this.over(one) && one.readyState > 1);
    return running.includes(this.heard) ? this.heard : running[0];
  }

  tick() {
    requestAnimationFrame(() => this.tick());
    if (!this.playing) return;
    const leader = this.leader;
    if (!leader) {
      if (this.tracks.length && this.tracks.every(({ video }) => this.over(video))) this.play();  // once more
      return;
    }
    this.time = leader.currentTime;
    for (const { video } of this.tracks) this.follow(video, leader);
    this.tell();
  }

  /** Keep one video with the leader: a little faster or slower, or moved where it is far off. */
  follow(video, leader) {
    if (video === leader) video.playbackRate = this.speed;
    else if (!this.over(video) && video.readyState > 1 && !video.seeking) {
      const ahead = video.currentTime - this.time;
      if (Math.abs(ahead) > 0.15) video.currentTime = this.time;
      else video.playbackRate = this.speed * (1 - Math.max(-0.25, Math.min(0.25, 3 * ahead)));
    }
    if (video.paused && !this.over(video)) video.play().catch(() => {});
  }

  watch(watcher) {
    this.watchers.push(watcher);
  }

  tell() {
    for (const watcher of this.watchers) watcher(this);
  }
}
